-- A customer's widgets and their configuration.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table widget_configs (
    id uuid primary key default uuidv7(),
    customer_id uuid not null references customers (id) on delete cascade,
    name text not null check (name <> ''),
    version text not null default '1.0.0',
    branding jsonb not null default '{}',
    behavior jsonb not null default '{}',
    localization jsonb not null default '{}',
    features jsonb not null default '{}',
    working_hours jsonb not null default '{}',
    routing_rules jsonb not null default '{}',
    allowed_domains text[] not null default '{}',
    blocked_domains text[] not null default '{}',
    is_active boolean not null default true,
    deleted_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index widget_configs_customer_id_idx on widget_configs (customer_id);
create index widget_configs_active_idx on widget_configs (customer_id, created_at) where is_active and deleted_at is null;

alter table widget_configs enable row level security;
alter table widget_configs force row level security;
grant select, insert, update on widget_configs to livechat_functions;
grant select, insert, update, delete on widget_configs to livechat_jobs;

create policy "Whoever names a widget sees it" on widget_configs
    for select to livechat_functions using (id = (select app.widget_id()));
-- Whoever named one widget does not hold the key, and sees no other.
create policy "A customer's people, and whoever holds its key, see its widgets" on widget_configs
    for select to livechat_functions
    using (customer_id = (select app.customer_id()) and ((select app.actor()) in ('agent', 'admin', 'system')
        or ((select app.actor()) = 'anonymous' and (select app.credential('api_key')) is not null)));
create policy "An admin adds widgets to its own customer" on widget_configs
    for insert to livechat_functions
    with check (customer_id = (select app.customer_id()) and (select app.actor()) = 'admin');
create policy "An admin changes the widgets of its own customer" on widget_configs
    for update to livechat_functions
    using (customer_id = (select app.customer_id()) and (select app.actor()) = 'admin');
create policy "The system's jobs see every widget" on widget_configs
    for all to livechat_jobs using (true) with check (true);
