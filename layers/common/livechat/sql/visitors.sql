-- name: enter
-- The visitor of this pair of ids, made if it is new; ten calls at once make one. The pair is presented first, so that
-- the policies show just this row.
insert into visitors (customer_id, widget_id, visitor_key, name, email, phone)
values ((select app.customer_id()), (select app.widget_id()), (select app.credential('visitor_key')), %(name)s, %(email)s, %(phone)s)
on conflict on constraint visitors_widget_id_visitor_key_key
do update set last_seen_at = now(),
              name = case when visitors.is_verified then visitors.name else coalesce(excluded.name, visitors.name) end,
              email = case when visitors.is_verified then visitors.email else coalesce(excluded.email, visitors.email) end,
              phone = case when visitors.is_verified then visitors.phone else coalesce(excluded.phone, visitors.phone) end
returning id, name

-- name: present_pair
select set_config('app.visitor_key', %(visitor_key)s, true)

-- name: act_as
select set_config('app.visitor_id', %(visitor_id)s::text, true), set_config('app.actor', 'visitor', true)

-- name: return
-- A visitor that comes back with its token; what it says of itself now replaces what it said before, unless it is verified.
update visitors
set last_seen_at = now(),
    name = case when is_verified then name else coalesce(%(name)s, name) end,
    email = case when is_verified then email else coalesce(%(email)s, email) end,
    phone = case when is_verified then phone else coalesce(%(phone)s, phone) end
where id = (select app.visitor_id())
returning id, name

-- name: identify
-- A verified identity is overwritten neither by an unverified claim nor by another identity. A proof replaces what the
-- visitor said of itself before.
update visitors
set external_id = %(external_id)s, is_verified = %(is_verified)s, traits = traits || %(traits)s, last_seen_at = now(),
    name = case when %(is_verified)s then %(name)s else coalesce(%(name)s, name) end,
    email = case when %(is_verified)s then %(email)s else coalesce(%(email)s, email) end,
    phone = case when %(is_verified)s then %(phone)s else coalesce(%(phone)s, phone) end
where id = (select app.visitor_id()) and (not is_verified or (%(is_verified)s and external_id = %(external_id)s))
returning id, name, email, phone, is_verified

-- name: me
select id, name, email, phone, is_verified, external_id, traits, created_at, last_seen_at
from visitors where id = (select app.visitor_id())

-- name: lock
select id from visitors where id = (select app.visitor_id()) for update

-- name: forget_conversations
-- Messages go with their conversation.
delete from conversations where visitor_id = (select app.visitor_id())
returning id

-- name: forget
-- Connections go with their visitor; its token is dead, since `admit` no longer finds it.
delete from visitors where id = (select app.visitor_id())
returning id
