-- name: use_ticket
-- No row when the ticket was used before.
insert into used_tickets (customer_id, ticket_id, expires_at)
values ((select app.customer_id()), %(ticket_id)s, %(expires_at)s)
on conflict do nothing
returning ticket_id

-- name: open
insert into connections (id, customer_id, widget_id, visitor_id, agent_id)
values ((select app.credential('connection_id')), (select app.customer_id()), (select app.widget_id()), (select app.visitor_id()),
        (select app.agent_id()))
returning id

-- name: touch
update connections set last_seen_at = now()
where id = (select app.credential('connection_id')) and last_seen_at < now() - interval '15 seconds'
returning id

-- name: touch_sessions
update agent_sessions set last_heartbeat_at = now()
where socket_id = (select app.credential('connection_id')) and agent_id = (select app.agent_id()) and disconnected_at is null
  and last_heartbeat_at < now() - interval '15 seconds'
returning id

-- name: subscribe
insert into connection_topics (customer_id, topic, connection_id)
values ((select app.customer_id()), %(topic)s, (select app.credential('connection_id')))
on conflict do nothing
returning topic

-- name: unsubscribe
delete from connection_topics
where customer_id = (select app.customer_id()) and topic = %(topic)s and connection_id = (select app.credential('connection_id'))
returning topic

-- name: subscribers
-- Who is to be pushed to. A socket that was not heard of for 10 minutes is not: API Gateway has closed it by then.
select t.topic, t.connection_id
from connection_topics t
join connections k on k.id = t.connection_id and k.customer_id = t.customer_id
where t.customer_id = (select app.customer_id()) and t.topic = any(%(topics)s) and k.last_seen_at > now() - interval '10 minutes'

-- name: close
-- What it listened to goes with it.
delete from connections where id = any(%(connection_ids)s) and customer_id = (select app.customer_id())
returning id

-- name: close_sessions
update agent_sessions set disconnected_at = now()
where socket_id = any(%(connection_ids)s) and customer_id = (select app.customer_id()) and disconnected_at is null
returning id
