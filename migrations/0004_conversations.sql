-- Visitors, their conversations, and the log of each conversation.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table visitors (
    id uuid primary key default uuidv7(),
    customer_id uuid not null references customers (id) on delete cascade,
    widget_id uuid not null references widget_configs (id),
    -- A digest of the visitor's pair of random ids, which is a credential; the ids themselves are not kept.
    visitor_key text not null,
    external_id text,
    name text,
    email text,
    phone text,
    traits jsonb not null default '{}',
    is_verified boolean not null default false,
    created_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    constraint visitors_widget_id_visitor_key_key unique (widget_id, visitor_key)
);
create index visitors_customer_id_idx on visitors (customer_id, last_seen_at);
create index visitors_external_id_idx on visitors (customer_id, external_id) where external_id is not null;

alter table visitors enable row level security;
alter table visitors force row level security;
grant select, insert, update, delete on visitors to livechat_functions, livechat_jobs;

create policy "A visitor sees itself" on visitors
    for select to livechat_functions
    using (id = (select app.visitor_id()) and customer_id = (select app.customer_id()));
create policy "Whoever presents a visitor's pair of ids sees that visitor" on visitors
    for select to livechat_functions
    using (visitor_key = (select app.credential('visitor_key')) and widget_id = (select app.widget_id()));
create policy "A new visitor enters by the widget that it stands before" on visitors
    for insert to livechat_functions
    with check (visitor_key = (select app.credential('visitor_key')) and widget_id = (select app.widget_id())
        and customer_id = (select app.customer_id()));
create policy "A visitor changes itself" on visitors
    for update to livechat_functions
    using (customer_id = (select app.customer_id()) and (id = (select app.visitor_id())
        or (visitor_key = (select app.credential('visitor_key')) and widget_id = (select app.widget_id()))));
create policy "A visitor has itself forgotten" on visitors
    for delete to livechat_functions
    using (id = (select app.visitor_id()) and customer_id = (select app.customer_id()));
create policy "A customer's people see its visitors" on visitors
    for select to livechat_functions
    using (customer_id = (select app.customer_id()) and (select app.actor()) in ('agent', 'admin', 'system'));
create policy "The system's jobs see every visitor" on visitors
    for all to livechat_jobs using (true) with check (true);

create table conversations (
    id uuid primary key default uuidv7(),
    widget_id uuid not null references widget_configs (id),
    customer_id uuid not null references customers (id) on delete cascade,
    visitor_id uuid not null references visitors (id),
    assigned_agent_id uuid references agents (id),
    status text not null default 'queued' check (status in ('queued', 'active', 'resolved', 'closed')),
    visitor_info jsonb not null default '{}',
    context jsonb not null default '{}',
    feedback jsonb,
    last_seq integer not null default 0,
    note_seq integer not null default 0,
    visitor_read_seq integer not null default 0,
    agent_read_seq integer not null default 0,
    unread_count integer not null default 0,
    last_message jsonb,
    last_activity_at timestamptz not null default now(),
    queued_at timestamptz not null default now(),
    assigned_at timestamptz,
    first_response_at timestamptz,
    ended_at timestamptz,
    wait_time_seconds integer,
    first_response_time_seconds integer,
    resolution_time_seconds integer,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint conversations_active_has_agent_check check (status <> 'active' or assigned_agent_id is not null),
    constraint conversations_queued_has_no_agent_check check (status <> 'queued' or assigned_agent_id is null)
);
create unique index conversations_visitor_id_open_key on conversations (visitor_id) where status in ('queued', 'active');
create index conversations_visitor_id_idx on conversations (visitor_id);
create index conversations_widget_id_idx on conversations (widget_id, created_at);
create index conversations_assigned_agent_id_idx on conversations (assigned_agent_id, status);
create index conversations_customer_id_idx on conversations (customer_id, last_activity_at desc, id desc);
create index conversations_queue_idx on conversations (customer_id, queued_at, id) where status = 'queued';
create index conversations_mine_idx on conversations (customer_id, assigned_agent_id, last_activity_at desc, id desc)
    where status = 'active';

alter table conversations enable row level security;
alter table conversations force row level security;
grant select, insert, update, delete on conversations to livechat_functions, livechat_jobs;

create policy "A visitor sees its own conversations" on conversations
    for select to livechat_functions
    using (visitor_id = (select app.visitor_id()) and customer_id = (select app.customer_id()));
create policy "A visitor starts its own conversations" on conversations
    for insert to livechat_functions
    with check (visitor_id = (select app.visitor_id()) and widget_id = (select app.widget_id())
        and customer_id = (select app.customer_id()));
create policy "A visitor changes its own conversations" on conversations
    for update to livechat_functions
    using (visitor_id = (select app.visitor_id()) and customer_id = (select app.customer_id()));
create policy "A visitor has its own conversations forgotten" on conversations
    for delete to livechat_functions
    using (visitor_id = (select app.visitor_id()) and customer_id = (select app.customer_id()));
create policy "A customer's people see its conversations" on conversations
    for select to livechat_functions
    using (customer_id = (select app.customer_id()) and (select app.actor()) in ('agent', 'admin', 'system'));
create policy "A customer's people, and its router, change its conversations" on conversations
    for update to livechat_functions
    using (customer_id = (select app.customer_id()) and (select app.actor()) in ('agent', 'admin', 'system'));
create policy "The system's jobs see every conversation" on conversations
    for all to livechat_jobs using (true) with check (true);

-- Every entry of every conversation's log. Within a conversation seq is 1, 2, 3 … without a hole: it is taken under the
-- conversation's row lock. A unique key would have to hold the partition key, so that lock is what keeps seq and
-- client_message_id unique.
create table messages (
    id uuid not null default uuidv7(),
    conversation_id uuid not null references conversations (id) on delete cascade,
    customer_id uuid not null,
    visitor_id uuid not null,
    seq integer not null check (seq > 0),
    sender_type text not null check (sender_type in ('visitor', 'agent', 'bot', 'system')),
    sender_id uuid,
    message_type text not null default 'text' check (message_type in ('text', 'file', 'image', 'card', 'form')),
    content text not null,
    metadata jsonb not null default '{}',
    client_message_id text check (char_length(client_message_id) <= 64),
    created_at timestamptz not null default clock_timestamp(),
    primary key (id, created_at)
) partition by range (created_at);
create table messages_default partition of messages default;
create index messages_conversation_id_created_at_idx on messages (conversation_id, created_at);
create index messages_customer_id_conversation_id_seq_idx on messages (customer_id, conversation_id, seq);
create index messages_client_message_id_idx on messages (conversation_id, client_message_id)
    where client_message_id is not null;

alter table messages enable row level security;
alter table messages force row level security;
grant select, insert, delete on messages to livechat_functions, livechat_jobs;

create policy "A visitor reads only its own conversations" on messages
    for select to livechat_functions
    using (visitor_id = (select app.visitor_id()) and customer_id = (select app.customer_id()));
-- A foreign key looks past row security, so each of these three looks for itself whose the conversation is.
create policy "A visitor writes only to its own conversations, and only as itself" on messages
    for insert to livechat_functions
    with check (visitor_id = (select app.visitor_id()) and customer_id = (select app.customer_id())
        and (sender_type = 'system' or (sender_type = 'visitor' and sender_id = (select app.visitor_id())))
        and exists (select from conversations c where c.id = messages.conversation_id
                    and c.visitor_id = messages.visitor_id and c.customer_id = messages.customer_id));
create policy "A visitor has its own messages forgotten" on messages
    for delete to livechat_functions
    using (visitor_id = (select app.visitor_id()) and customer_id = (select app.customer_id()));
create policy "A customer's people read its conversations" on messages
    for select to livechat_functions
    using (customer_id = (select app.customer_id()) and (select app.actor()) in ('agent', 'admin', 'system'));
create policy "An agent writes to its customer's conversations, and only as itself" on messages
    for insert to livechat_functions
    with check (customer_id = (select app.customer_id()) and (select app.actor()) in ('agent', 'admin')
        and (sender_type = 'system' or (sender_type = 'agent' and sender_id = (select app.agent_id())))
        and exists (select from conversations c where c.id = messages.conversation_id
                    and c.visitor_id = messages.visitor_id and c.customer_id = messages.customer_id));
create policy "The router writes what it did" on messages
    for insert to livechat_functions
    with check (customer_id = (select app.customer_id()) and (select app.actor()) = 'system' and sender_type = 'system'
        and exists (select from conversations c where c.id = messages.conversation_id
                    and c.visitor_id = messages.visitor_id and c.customer_id = messages.customer_id));
create policy "The system's jobs see every message" on messages
    for all to livechat_jobs using (true) with check (true);

-- Makes the monthly partitions from this month to `ahead` months on. The jobs own no table, so it runs as its owner.
create function app.make_message_partitions(ahead integer) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    first_day date := date_trunc('month', now() at time zone 'utc');
    made integer := 0;
begin
    for n in 0..ahead loop
        if to_regclass(format('messages_%s', to_char(first_day + make_interval(months => n), 'YYYY_MM'))) is null then
            execute format('create table messages_%s partition of messages for values from (%L) to (%L)',
                to_char(first_day + make_interval(months => n), 'YYYY_MM'),
                (first_day + make_interval(months => n))::timestamp at time zone 'utc',
                (first_day + make_interval(months => n + 1))::timestamp at time zone 'utc');
            made := made + 1;
        end if;
    end loop;
    return made;
end
$$;
revoke all on function app.make_message_partitions(integer) from public;
grant execute on function app.make_message_partitions(integer) to livechat_jobs;

-- What the lists and logs show, with the caller's own rights on the tables behind them.
create view conversations_with_people with (security_invoker = true) as
select c.*, a.display_name as agent_name, a.avatar_url as agent_avatar, w.name as widget_name,
       v.name as visitor_name, v.email as visitor_email, v.phone as visitor_phone, v.is_verified as visitor_is_verified
from conversations c
join visitors v on v.id = c.visitor_id
join widget_configs w on w.id = c.widget_id
left join agents a on a.id = c.assigned_agent_id;
grant select on conversations_with_people to livechat_functions, livechat_jobs;

create view messages_with_sender with (security_invoker = true) as
select m.*, coalesce(a.display_name, v.name) as sender_name, a.avatar_url as sender_avatar
from messages m
left join agents a on m.sender_type = 'agent' and a.id = m.sender_id
left join visitors v on m.sender_type = 'visitor' and v.id = m.sender_id;
grant select on messages_with_sender to livechat_functions, livechat_jobs;
