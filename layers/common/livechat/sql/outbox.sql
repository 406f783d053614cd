-- name: insert
insert into outbox (id, customer_id, kind, payload) values (%(id)s, (select app.customer_id()), %(kind)s, %(payload)s)

-- name: drop
delete from outbox where id = any(%(ids)s) and customer_id = (select app.customer_id())
returning id

-- name: left_over
-- What a request committed and did not hand over itself, because it ended in between; oldest first.
select id, kind, payload from outbox
where created_at < now() - interval '30 seconds'
order by created_at
limit 20
for update skip locked

-- name: drop_left_over
delete from outbox where id = any(%(ids)s)
returning id
