-- Effects outside the database, decided in the transaction that causes them and carried out at least once afterwards.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table outbox (
    id uuid primary key,
    customer_id uuid not null references customers (id) on delete cascade,
    kind text not null,
    payload jsonb not null,
    created_at timestamptz not null default now()
);
create index outbox_customer_id_idx on outbox (customer_id, created_at);
create index outbox_created_at_idx on outbox (created_at);

alter table outbox enable row level security;
alter table outbox force row level security;
grant select, insert, delete on outbox to livechat_functions;
-- A job locks what it hands over, which takes the right to change it.
grant select, update, delete on outbox to livechat_jobs;

create policy "Whoever acts for a customer causes effects for it" on outbox
    for insert to livechat_functions with check (customer_id = (select app.customer_id()));
create policy "The system hands over a customer's effects" on outbox
    for select to livechat_functions
    using (customer_id = (select app.customer_id()) and (select app.actor()) = 'system');
create policy "The system drops a customer's effects that were handed over" on outbox
    for delete to livechat_functions
    using (customer_id = (select app.customer_id()) and (select app.actor()) = 'system');
create policy "The system's jobs see every effect" on outbox
    for all to livechat_jobs using (true) with check (true);
