-- Customers, and the words every later policy is written in: who acts, and for which customer.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create schema app;
grant usage on schema app, public to livechat_functions, livechat_jobs;

-- After a commit a transaction-local setting reads '' rather than null, hence the nullif.
create function app.actor() returns text language sql stable parallel safe as
$$ select nullif(current_setting('app.actor', true), '') $$;

create function app.customer_id() returns uuid language sql stable parallel safe as
$$ select nullif(current_setting('app.customer_id', true), '')::uuid $$;

create function app.widget_id() returns uuid language sql stable parallel safe as
$$ select nullif(current_setting('app.widget_id', true), '')::uuid $$;

create function app.visitor_id() returns uuid language sql stable parallel safe as
$$ select nullif(current_setting('app.visitor_id', true), '')::uuid $$;

create function app.agent_id() returns uuid language sql stable parallel safe as
$$ select nullif(current_setting('app.agent_id', true), '')::uuid $$;

-- A credential that was presented before the customer is known: 'api_key', 'user_id', 'connection_id' or 'visitor_key'.
create function app.credential(kind text) returns text language sql stable parallel safe as
$$ select nullif(current_setting('app.' || kind, true), '') $$;

create table customers (
    id uuid primary key default uuidv7(),
    company_name text not null check (company_name <> ''),
    api_key text not null constraint customers_api_key_key unique,
    api_secret text not null,
    plan_tier text not null default 'standard',
    max_widgets integer not null default 10 check (max_widgets >= 0),
    max_agents integer not null default 50 check (max_agents >= 0),
    rate_limit_per_minute integer not null default 6000 check (rate_limit_per_minute > 0),
    is_active boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

alter table customers enable row level security;
alter table customers force row level security;
grant select, update on customers to livechat_functions;
grant select, insert, update, delete on customers to livechat_jobs;

create policy "Whoever acts for a customer sees that customer" on customers
    for select to livechat_functions using (id = (select app.customer_id()));
create policy "Whoever presents an API key sees whose it is" on customers
    for select to livechat_functions using (api_key = (select app.credential('api_key')));
create policy "An admin changes its own customer" on customers
    for update to livechat_functions
    using (id = (select app.customer_id()) and (select app.actor()) = 'admin');
create policy "The system's jobs see every customer" on customers
    for all to livechat_jobs using (true) with check (true);
