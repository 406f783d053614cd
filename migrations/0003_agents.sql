-- A customer's agents and admins, and the sessions in which they were present.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table agents (
    id uuid primary key default uuidv7(),
    customer_id uuid not null references customers (id) on delete cascade,
    user_id text constraint agents_user_id_key unique,
    display_name text not null check (display_name <> ''),
    email text not null,
    avatar_url text,
    role text not null default 'agent' check (role in ('agent', 'admin')),
    status text not null default 'offline' check (status in ('online', 'away', 'busy', 'offline')),
    max_concurrent_chats integer not null default 5 check (max_concurrent_chats >= 0),
    current_chat_count integer not null default 0 check (current_chat_count >= 0),
    departments text[] not null default '{}',
    skills text[] not null default '{}',
    is_active boolean not null default true,
    last_seen_at timestamptz,
    last_assigned_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create unique index agents_customer_id_email_key on agents (customer_id, lower(email));
create index agents_available_idx on agents (customer_id, current_chat_count) where is_active and status = 'online';

alter table agents enable row level security;
alter table agents force row level security;
grant select, insert, update on agents to livechat_functions;
grant select, insert, update, delete on agents to livechat_jobs;

create policy "Whoever acts for a customer sees its agents" on agents
    for select to livechat_functions using (customer_id = (select app.customer_id()));
create policy "Whoever signs in sees the agent it is" on agents
    for select to livechat_functions using (user_id = (select app.credential('user_id')));
-- Everything of itself but its role.
create policy "An agent changes itself" on agents
    for update to livechat_functions
    using (id = (select app.agent_id()) and customer_id = (select app.customer_id()))
    with check (id = (select app.agent_id()) and customer_id = (select app.customer_id()) and role = (select app.actor()));
create policy "An admin changes the agents of its own customer" on agents
    for update to livechat_functions
    using (customer_id = (select app.customer_id()) and (select app.actor()) = 'admin');
create policy "An admin adds agents to its own customer" on agents
    for insert to livechat_functions
    with check (customer_id = (select app.customer_id()) and (select app.actor()) = 'admin');
create policy "The router counts the conversations of a customer's agents" on agents
    for update to livechat_functions
    using (customer_id = (select app.customer_id()) and (select app.actor()) = 'system');
create policy "The system's jobs see every agent" on agents
    for all to livechat_jobs using (true) with check (true);

create table agent_sessions (
    id uuid primary key default uuidv7(),
    customer_id uuid not null references customers (id) on delete cascade,
    agent_id uuid not null references agents (id) on delete cascade,
    socket_id text not null,
    status text not null check (status in ('online', 'away', 'busy', 'offline')),
    last_heartbeat_at timestamptz not null default now(),
    connected_at timestamptz not null default now(),
    disconnected_at timestamptz
);
create index agent_sessions_agent_id_idx on agent_sessions (agent_id);
create index agent_sessions_customer_id_idx on agent_sessions (customer_id, agent_id);
create unique index agent_sessions_socket_id_key on agent_sessions (socket_id) where disconnected_at is null;

alter table agent_sessions enable row level security;
alter table agent_sessions force row level security;
grant select, insert, update on agent_sessions to livechat_functions;
grant select, insert, update, delete on agent_sessions to livechat_jobs;

create policy "A customer's people see who is present" on agent_sessions
    for select to livechat_functions
    using (customer_id = (select app.customer_id()) and (select app.actor()) in ('agent', 'admin', 'system'));
create policy "An agent opens its own sessions" on agent_sessions
    for insert to livechat_functions
    with check (agent_id = (select app.agent_id()) and customer_id = (select app.customer_id()));
create policy "An agent changes its own sessions" on agent_sessions
    for update to livechat_functions
    using (agent_id = (select app.agent_id()) and customer_id = (select app.customer_id()));
create policy "The system closes sessions whose socket is gone" on agent_sessions
    for update to livechat_functions
    using (customer_id = (select app.customer_id()) and (select app.actor()) = 'system');
create policy "The system's jobs see every session" on agent_sessions
    for all to livechat_jobs using (true) with check (true);
