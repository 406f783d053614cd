-- Who listens to what over which socket, and the tickets that were used to get in.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table connections (
    id text primary key,
    customer_id uuid not null references customers (id) on delete cascade,
    widget_id uuid references widget_configs (id) on delete cascade,
    visitor_id uuid references visitors (id) on delete cascade,
    agent_id uuid references agents (id) on delete cascade,
    connected_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    constraint connections_one_principal_check check (num_nonnulls(visitor_id, agent_id) = 1)
);
create index connections_customer_id_idx on connections (customer_id);
create index connections_widget_id_idx on connections (widget_id);
create index connections_visitor_id_idx on connections (visitor_id);
create index connections_agent_id_idx on connections (agent_id);
create index connections_last_seen_at_idx on connections (last_seen_at);

alter table connections enable row level security;
alter table connections force row level security;
grant select, insert, update, delete on connections to livechat_functions, livechat_jobs;

create policy "Whoever speaks over a connection sees it" on connections
    for select to livechat_functions using (id = (select app.credential('connection_id')));
create policy "A connection is opened for whoever holds the ticket" on connections
    for insert to livechat_functions
    with check (customer_id = (select app.customer_id()) and id = (select app.credential('connection_id'))
        and (visitor_id = (select app.visitor_id()) or agent_id = (select app.agent_id())));
create policy "Whoever speaks over a connection keeps it alive" on connections
    for update to livechat_functions using (id = (select app.credential('connection_id')));
create policy "Whoever spoke over a connection closes it" on connections
    for delete to livechat_functions using (id = (select app.credential('connection_id')));
create policy "The system sees a customer's connections" on connections
    for select to livechat_functions
    using (customer_id = (select app.customer_id()) and (select app.actor()) = 'system');
create policy "An agent sees its own connections" on connections
    for select to livechat_functions
    using (customer_id = (select app.customer_id()) and agent_id = (select app.agent_id()));
create policy "The system removes a customer's connections that are gone" on connections
    for delete to livechat_functions
    using (customer_id = (select app.customer_id()) and (select app.actor()) = 'system');
create policy "The system's jobs see every connection" on connections
    for all to livechat_jobs using (true) with check (true);

create table connection_topics (
    customer_id uuid not null references customers (id) on delete cascade,
    topic text not null,
    connection_id text not null references connections (id) on delete cascade,
    primary key (customer_id, topic, connection_id)
);
create index connection_topics_connection_id_idx on connection_topics (connection_id);

alter table connection_topics enable row level security;
alter table connection_topics force row level security;
grant select, insert, delete on connection_topics to livechat_functions, livechat_jobs;

create policy "Whoever speaks over a connection sees what it listens to" on connection_topics
    for select to livechat_functions using (connection_id = (select app.credential('connection_id')));
create policy "Whoever speaks over a connection subscribes it" on connection_topics
    for insert to livechat_functions
    with check (customer_id = (select app.customer_id()) and connection_id = (select app.credential('connection_id')));
create policy "Whoever speaks over a connection unsubscribes it" on connection_topics
    for delete to livechat_functions using (connection_id = (select app.credential('connection_id')));
create policy "The system sees who listens" on connection_topics
    for select to livechat_functions
    using (customer_id = (select app.customer_id()) and (select app.actor()) = 'system');
create policy "The system's jobs see every subscription" on connection_topics
    for all to livechat_jobs using (true) with check (true);

create table used_tickets (
    customer_id uuid not null references customers (id) on delete cascade,
    ticket_id uuid not null,
    expires_at timestamptz not null,
    primary key (customer_id, ticket_id)
);
create index used_tickets_expires_at_idx on used_tickets (expires_at);

alter table used_tickets enable row level security;
alter table used_tickets force row level security;
grant select, insert on used_tickets to livechat_functions;
grant select, delete on used_tickets to livechat_jobs;

create policy "A ticket is marked as used by whoever holds it" on used_tickets
    for insert to livechat_functions with check (customer_id = (select app.customer_id()));
create policy "A customer's used tickets are seen by those who act for it" on used_tickets
    for select to livechat_functions using (customer_id = (select app.customer_id()));
create policy "The system's jobs see every used ticket" on used_tickets
    for all to livechat_jobs using (true) with check (true);
