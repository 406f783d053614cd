-- name: lock
-- Whoever holds this lock decides what comes next in the conversation's log.
select * from conversations where id = %(conversation_id)s and customer_id = (select app.customer_id()) for no key update

-- name: lock_shared
select id from conversations where id = %(conversation_id)s and customer_id = (select app.customer_id()) for share

-- name: view
select * from conversations_with_people c
where c.id = %(conversation_id)s and c.customer_id = (select app.customer_id())

-- name: open_of_visitor
select * from conversations_with_people c
where c.visitor_id = (select app.visitor_id()) and c.status in ('queued', 'active')

-- name: of_visitor
select * from conversations_with_people c
where c.visitor_id = (select app.visitor_id())
order by c.created_at, c.id

-- name: insert
-- No row when the visitor has an open conversation; a start that arrives at the same time is waited for.
insert into conversations (widget_id, customer_id, visitor_id, visitor_info, context)
values ((select app.widget_id()), (select app.customer_id()), (select app.visitor_id()), %(visitor_info)s, %(context)s)
on conflict (visitor_id) where status in ('queued', 'active') do nothing
returning id

-- name: routing_rules
select coalesce(routing_rules ->> 'assignment', 'automatic') as assignment from widget_configs where id = (select app.widget_id())

-- name: give
-- To an agent whose slot is already taken.
update conversations c
set status = 'active', assigned_agent_id = %(agent_id)s, assigned_at = now(), ended_at = null, resolution_time_seconds = null,
    wait_time_seconds = coalesce(c.wait_time_seconds, extract(epoch from now() - c.created_at)::int),
    last_activity_at = now(), updated_at = now()
from agents a
where c.id = %(conversation_id)s and a.id = %(agent_id)s
returning a.display_name as agent_name, a.avatar_url as agent_avatar

-- name: queue
update conversations
set status = 'queued', assigned_agent_id = null, queued_at = now(), last_activity_at = now(), updated_at = now()
where id = %(conversation_id)s
returning id

-- name: finish
update conversations
set status = %(status)s, ended_at = now(), resolution_time_seconds = extract(epoch from now() - created_at)::int,
    last_activity_at = now(), updated_at = now()
where id = %(conversation_id)s
returning id

-- name: rate
update conversations
set feedback = %(feedback)s || jsonb_build_object('submitted_at', to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')),
    updated_at = now()
where id = %(conversation_id)s and visitor_id = (select app.visitor_id())
returning id

-- name: read_by_visitor
update conversations set visitor_read_seq = greatest(visitor_read_seq, least(%(seq)s, last_seq))
where id = %(conversation_id)s and customer_id = (select app.customer_id())
returning visitor_read_seq as seq

-- name: read_by_agent
update conversations c
set agent_read_seq = greatest(c.agent_read_seq, least(%(seq)s, c.last_seq)),
    unread_count = case when %(seq)s >= c.last_seq then 0 else (
        select count(*) from messages m
        where m.customer_id = c.customer_id and m.conversation_id = c.id and m.sender_type = 'visitor'
          and m.seq > greatest(c.agent_read_seq, %(seq)s) and m.created_at >= c.created_at) end
where c.id = %(conversation_id)s and c.customer_id = (select app.customer_id())
returning c.agent_read_seq as seq

-- name: waiting
select count(*)::int as waiting from conversations where customer_id = (select app.customer_id()) and status = 'queued'

-- name: counts
select count(*) filter (where status = 'active' and assigned_agent_id = (select app.agent_id()))::int as mine,
       count(*) filter (where status = 'queued')::int as queue
from conversations
where customer_id = (select app.customer_id()) and status in ('queued', 'active')

-- name: seqs
-- Where the conversations that a client names stand; the policies leave out what it may not see.
select id, last_seq from conversations where id = any(%(ids)s) and customer_id = (select app.customer_id())

-- name: list_own
select * from conversations_with_people c
where c.customer_id = (select app.customer_id()) and c.widget_id = (select app.widget_id())
  and c.visitor_id = (select app.visitor_id())
  and (%(at)s::timestamptz is null or (c.created_at, c.id) < (%(at)s::timestamptz, %(last_id)s::uuid))
order by c.created_at desc, c.id desc
limit %(limit)s

-- name: list_mine
select * from conversations_with_people c
where c.customer_id = (select app.customer_id()) and c.status = 'active' and c.assigned_agent_id = (select app.agent_id())
  and (%(at)s::timestamptz is null or (c.last_activity_at, c.id) < (%(at)s::timestamptz, %(last_id)s::uuid))
order by c.last_activity_at desc, c.id desc
limit %(limit)s

-- name: list_queue
-- Who has waited longest comes first.
select * from conversations_with_people c
where c.customer_id = (select app.customer_id()) and c.status = 'queued'
  and (%(at)s::timestamptz is null or (c.queued_at, c.id) > (%(at)s::timestamptz, %(last_id)s::uuid))
order by c.queued_at, c.id
limit %(limit)s

-- name: list_open
select * from conversations_with_people c
where c.customer_id = (select app.customer_id())
  and (c.status = 'queued' or (c.status = 'active' and c.assigned_agent_id = (select app.agent_id())))
  and (%(at)s::timestamptz is null or (c.last_activity_at, c.id) < (%(at)s::timestamptz, %(last_id)s::uuid))
order by c.last_activity_at desc, c.id desc
limit %(limit)s

-- name: list_resolved
select * from conversations_with_people c
where c.customer_id = (select app.customer_id()) and c.status in ('resolved', 'closed')
  and (%(at)s::timestamptz is null or (c.last_activity_at, c.id) < (%(at)s::timestamptz, %(last_id)s::uuid))
order by c.last_activity_at desc, c.id desc
limit %(limit)s

-- name: list_all
select * from conversations_with_people c
where c.customer_id = (select app.customer_id())
  and (%(at)s::timestamptz is null or (c.last_activity_at, c.id) < (%(at)s::timestamptz, %(last_id)s::uuid))
order by c.last_activity_at desc, c.id desc
limit %(limit)s
