-- What is counted and what is kept as evidence: analytics, rate limits, audit logs.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table widget_analytics (
    id uuid primary key default uuidv7(),
    customer_id uuid not null references customers (id) on delete cascade,
    widget_id uuid not null references widget_configs (id),
    date date not null,
    metrics jsonb not null default '{}',
    created_at timestamptz not null default now(),
    constraint widget_analytics_widget_id_date_key unique (widget_id, date)
);
create index widget_analytics_customer_id_idx on widget_analytics (customer_id, date);

alter table widget_analytics enable row level security;
alter table widget_analytics force row level security;
grant select on widget_analytics to livechat_functions;
grant select, insert, update, delete on widget_analytics to livechat_jobs;

create policy "An admin reads the analytics of its own customer" on widget_analytics
    for select to livechat_functions
    using (customer_id = (select app.customer_id()) and (select app.actor()) = 'admin');
create policy "The system's jobs see all analytics" on widget_analytics
    for all to livechat_jobs using (true) with check (true);

create table api_rate_limits (
    customer_id uuid not null references customers (id) on delete cascade,
    endpoint text not null,
    window_start timestamptz not null,
    request_count integer not null default 0 check (request_count >= 0),
    primary key (customer_id, endpoint, window_start)
);
create index api_rate_limits_window_start_idx on api_rate_limits (window_start);

alter table api_rate_limits enable row level security;
alter table api_rate_limits force row level security;
grant select, insert, update on api_rate_limits to livechat_functions;
grant select, insert, update, delete on api_rate_limits to livechat_jobs;

create policy "Requests count against the customer they are made for" on api_rate_limits
    for all to livechat_functions
    using (customer_id = (select app.customer_id())) with check (customer_id = (select app.customer_id()));
create policy "The system's jobs see every limit" on api_rate_limits
    for all to livechat_jobs using (true) with check (true);

create table audit_logs (
    id uuid primary key default uuidv7(),
    customer_id uuid not null references customers (id) on delete cascade,
    agent_id uuid references agents (id) on delete set null,
    action text not null,
    resource_type text not null,
    resource_id text not null,
    changes jsonb not null default '{}',
    -- A keyed digest: raw addresses are not stored.
    ip_address text,
    user_agent text,
    created_at timestamptz not null default now()
);
create index audit_logs_customer_id_idx on audit_logs (customer_id, created_at desc, id desc);
create index audit_logs_agent_id_idx on audit_logs (agent_id);

alter table audit_logs enable row level security;
alter table audit_logs force row level security;
-- Append-only for the functions: neither update nor delete is granted.
grant select, insert on audit_logs to livechat_functions;
grant select, insert, delete on audit_logs to livechat_jobs;

create policy "An admin reads the audit log of its own customer" on audit_logs
    for select to livechat_functions
    using (customer_id = (select app.customer_id()) and (select app.actor()) = 'admin');
create policy "An admin's changes are written to its own customer's audit log" on audit_logs
    for insert to livechat_functions
    with check (customer_id = (select app.customer_id()) and agent_id = (select app.agent_id())
        and (select app.actor()) = 'admin');
create policy "The system's jobs see every audit log" on audit_logs
    for all to livechat_jobs using (true) with check (true);
