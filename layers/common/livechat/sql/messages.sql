-- name: append
-- One entry at the end of the log, under the conversation's lock; or the entry that this sender stored before under this
-- client_message_id, and whether that says the same: compared here, since jsonb does not give back every number as Python
-- wrote it. No row: the conversation has ended. Messages older than the conversation are not looked at, so that
-- only the partitions of its life are.
with known as (
    select m.* from messages m
    where m.conversation_id = %(conversation_id)s and m.client_message_id = %(client_message_id)s
      and m.sender_type = %(sender_type)s and m.sender_id = %(sender_id)s
      and m.created_at >= (select c.created_at from conversations c where c.id = %(conversation_id)s)
),
numbered as (
    update conversations c
    set last_seq = c.last_seq + 1,
        last_activity_at = clock_timestamp(),
        updated_at = clock_timestamp(),
        last_message = case when %(sender_type)s = 'system' then c.last_message else jsonb_build_object(
            'seq', c.last_seq + 1, 'sender_type', %(sender_type)s::text, 'content', %(preview)s::text,
            'created_at', clock_timestamp()) end,
        unread_count = case %(sender_type)s when 'visitor' then c.unread_count + 1 when 'agent' then 0 else c.unread_count end,
        visitor_read_seq = case when %(sender_type)s = 'visitor' then c.last_seq + 1 else c.visitor_read_seq end,
        agent_read_seq = case when %(sender_type)s = 'agent' then c.last_seq + 1 else c.agent_read_seq end,
        first_response_at = case when %(sender_type)s = 'agent' then coalesce(c.first_response_at, clock_timestamp())
                            else c.first_response_at end,
        first_response_time_seconds = case when %(sender_type)s = 'agent'
            then coalesce(c.first_response_time_seconds, extract(epoch from clock_timestamp() - c.created_at)::int)
            else c.first_response_time_seconds end
    where c.id = %(conversation_id)s and (%(even_if_ended)s or c.status in ('queued', 'active'))
      and not exists (select from known)
    returning c.id, c.customer_id, c.visitor_id, c.last_seq
),
inserted as (
    insert into messages (conversation_id, customer_id, visitor_id, seq, sender_type, sender_id, message_type, content,
                          metadata, client_message_id)
    select n.id, n.customer_id, n.visitor_id, n.last_seq, %(sender_type)s, %(sender_id)s, %(message_type)s, %(content)s,
           %(metadata)s, %(client_message_id)s
    from numbered n
    returning *
)
select m.*, coalesce(a.display_name, v.name) as sender_name, a.avatar_url as sender_avatar,
       m.content = %(content)s and m.message_type = %(message_type)s and m.metadata = %(metadata)s as is_same
from (select *, true as is_new from inserted union all select *, false from known) m
left join agents a on m.sender_type = 'agent' and a.id = m.sender_id
left join visitors v on m.sender_type = 'visitor' and v.id = m.sender_id

-- name: after
-- What a client missed, oldest first.
select * from messages_with_sender m
where m.customer_id = (select app.customer_id()) and m.conversation_id = %(conversation_id)s and m.seq > %(after)s
  and m.created_at >= (select c.created_at from conversations c where c.id = %(conversation_id)s)
order by m.seq
limit %(limit)s

-- name: before
-- The newest page, or the one before a place in the log, newest first.
select * from messages_with_sender m
where m.customer_id = (select app.customer_id()) and m.conversation_id = %(conversation_id)s
  and (%(before)s::int is null or m.seq < %(before)s::int)
  and m.created_at >= (select c.created_at from conversations c where c.id = %(conversation_id)s)
order by m.seq desc
limit %(limit)s

-- name: form
-- A form that was put to the visitor, and whether it was answered before this entry of the log.
select f.metadata, exists (
    select from messages a
    where a.customer_id = c.customer_id and a.conversation_id = c.id and a.created_at >= c.created_at
      and a.seq > f.seq and a.seq < %(answer_seq)s and a.message_type = 'form' and a.sender_type = 'visitor'
      and a.metadata -> 'answer_to' = to_jsonb(f.seq)) as is_answered
from conversations c
join messages f on f.customer_id = c.customer_id and f.conversation_id = c.id and f.created_at >= c.created_at
where c.id = %(conversation_id)s and c.customer_id = (select app.customer_id()) and f.seq = %(seq)s
  and f.message_type = 'form' and f.sender_type in ('agent', 'bot')
