-- name: touch
-- The heartbeat of a call or frame. Skips a row that is being changed: whoever changes it is a sign of life as well.
update agents set last_seen_at = now()
where id = (select a.id from agents a where a.id = (select app.agent_id()) for no key update skip locked)
returning id

-- name: me
select * from agents where id = (select app.agent_id())

-- name: own_connection
select id from connections where id = %(socket_id)s and agent_id = (select app.agent_id())

-- name: note_session
insert into agent_sessions (customer_id, agent_id, socket_id, status)
values ((select app.customer_id()), (select app.agent_id()), %(socket_id)s, %(status)s)
on conflict (socket_id) where disconnected_at is null
do update set status = excluded.status, last_heartbeat_at = now()
returning id

-- name: set_status
update agents set status = %(status)s, last_seen_at = now(), updated_at = now() where id = (select app.agent_id())
returning id

-- name: colleagues
select id, display_name as name, avatar_url as avatar, current_chat_count, max_concurrent_chats,
       case when last_seen_at > now() - interval '90 seconds' then status else 'offline' end as status
from agents
where customer_id = (select app.customer_id()) and is_active
order by lower(display_name), id

-- name: stats
select a.id, a.display_name, a.status, a.current_chat_count, a.max_concurrent_chats,
       count(c.id) filter (where c.status = 'active')::int as active,
       count(c.id)::int as total,
       count(c.id) filter (where c.status in ('resolved', 'closed'))::int as ended,
       round(avg(c.first_response_time_seconds), 1)::float as average_first_response_seconds,
       round(avg(c.resolution_time_seconds), 1)::float as average_resolution_seconds,
       count(c.feedback)::int as feedback_count,
       round(avg((c.feedback ->> 'rating')::int), 2)::float as average_rating,
       round(avg((c.feedback ->> 'nps')::int), 2)::float as average_nps
from agents a
left join conversations c on c.assigned_agent_id = a.id and c.customer_id = a.customer_id
where a.id = (select app.agent_id())
group by a.id

-- name: take_least_busy_unlocked
-- Passes over agents whose rows are locked just now.
update agents a set current_chat_count = a.current_chat_count + 1, last_assigned_at = now(), updated_at = now()
where a.id = (
    select b.id from agents b
    where b.customer_id = (select app.customer_id()) and b.is_active and b.status = 'online'
      and b.last_seen_at > now() - interval '90 seconds' and b.current_chat_count < b.max_concurrent_chats
    order by b.current_chat_count::float / b.max_concurrent_chats, b.last_assigned_at nulls first, b.id
    limit 1
    for no key update skip locked
)
returning a.id, a.display_name, a.avatar_url, a.current_chat_count, a.max_concurrent_chats,
    case when a.last_seen_at > now() - interval '90 seconds' then a.status else 'offline' end as status

-- name: take_least_busy
-- Waits for the agent that comes first.
update agents a set current_chat_count = a.current_chat_count + 1, last_assigned_at = now(), updated_at = now()
where a.id = (
    select b.id from agents b
    where b.customer_id = (select app.customer_id()) and b.is_active and b.status = 'online'
      and b.last_seen_at > now() - interval '90 seconds' and b.current_chat_count < b.max_concurrent_chats
    order by b.current_chat_count::float / b.max_concurrent_chats, b.last_assigned_at nulls first, b.id
    limit 1
    for no key update
)
returning a.id, a.display_name, a.avatar_url, a.current_chat_count, a.max_concurrent_chats,
    case when a.last_seen_at > now() - interval '90 seconds' then a.status else 'offline' end as status

-- name: take_slot
update agents set current_chat_count = current_chat_count + 1, last_assigned_at = now(), updated_at = now()
where id = %(agent_id)s and customer_id = (select app.customer_id()) and is_active
  and current_chat_count < max_concurrent_chats
returning id, display_name, avatar_url, current_chat_count, max_concurrent_chats,
    case when last_seen_at > now() - interval '90 seconds' then status else 'offline' end as status

-- name: free_slot
update agents set current_chat_count = greatest(current_chat_count - 1, 0), updated_at = now()
where id = %(agent_id)s and customer_id = (select app.customer_id())
returning id, display_name, avatar_url, current_chat_count, max_concurrent_chats,
    case when last_seen_at > now() - interval '90 seconds' then status else 'offline' end as status

-- name: lock_for_transfer
select id, is_active from agents
where id = any(%(agent_ids)s) and customer_id = (select app.customer_id())
order by id
for no key update
