-- name: connections
-- A visitor's hidden tab pings every 4 minutes, and API Gateway closes an idle socket after 10; no socket lives longer than 2 hours.
delete from connections
where last_seen_at < now() - interval '15 minutes' or connected_at < now() - interval '130 minutes'
returning id

-- name: agent_sessions
-- A session whose socket is no longer among the connections is over.
update agent_sessions s set disconnected_at = now()
where s.disconnected_at is null and not exists (select from connections k where k.id = s.socket_id)
returning id

-- name: used_tickets
delete from used_tickets where expires_at < now() - interval '5 minutes'
returning ticket_id

-- name: api_rate_limits
delete from api_rate_limits where window_start < now() - interval '1 day'
returning endpoint

-- name: make_partitions
select app.make_message_partitions(%(ahead)s) as made
