-- name: public
-- The widget that the caller stands before, and who could answer there.
select w.id, w.customer_id, w.version, w.branding, w.behavior, w.localization, w.features, w.working_hours, w.routing_rules,
       (select count(*)::int from agents a where a.customer_id = w.customer_id and a.is_active and a.status = 'online'
            and a.last_seen_at > now() - interval '90 seconds') as online_count,
       (select coalesce(jsonb_agg(jsonb_build_object('id', a.id, 'name', a.display_name, 'avatar', a.avatar_url)), '[]')
        from (select a.id, a.display_name, a.avatar_url from agents a
              where a.customer_id = w.customer_id and a.is_active and a.status = 'online'
                and a.last_seen_at > now() - interval '90 seconds' and a.current_chat_count < a.max_concurrent_chats
              order by a.current_chat_count, a.id limit 5) a) as available_agents
from widget_configs w
where w.id = (select app.widget_id()) and w.is_active and w.deleted_at is null

-- name: list
select * from widget_configs
where customer_id = (select app.customer_id()) and deleted_at is null and (%(after)s::uuid is null or id > %(after)s::uuid)
order by id
limit %(limit)s

-- name: room
-- Asked under the customer's lock, in a statement of its own: only then does it see what the other admin committed.
select c.max_widgets > (select count(*) from widget_configs w where w.customer_id = c.id and w.deleted_at is null) as is_left
from customers c
where c.id = (select app.customer_id())

-- name: insert
insert into widget_configs (customer_id, name, branding, behavior, localization, features, working_hours, routing_rules,
                            allowed_domains, blocked_domains, is_active)
values ((select app.customer_id()), %(name)s, %(branding)s, %(behavior)s, %(localization)s, %(features)s, %(working_hours)s,
        %(routing_rules)s, %(allowed_domains)s::text[], %(blocked_domains)s::text[], %(is_active)s)
returning *

-- name: lock
select * from widget_configs
where id = %(widget_id)s and customer_id = (select app.customer_id()) and deleted_at is null
for no key update

-- name: update
update widget_configs
set version = %(version)s, name = %(name)s, branding = %(branding)s, behavior = %(behavior)s, localization = %(localization)s,
    features = %(features)s, working_hours = %(working_hours)s, routing_rules = %(routing_rules)s,
    allowed_domains = %(allowed_domains)s::text[], blocked_domains = %(blocked_domains)s::text[], is_active = %(is_active)s,
    updated_at = now()
where id = %(widget_id)s and customer_id = (select app.customer_id())
returning *

-- name: delete
update widget_configs set deleted_at = now(), is_active = false, updated_at = now()
where id = %(widget_id)s and customer_id = (select app.customer_id()) and deleted_at is null
returning id
