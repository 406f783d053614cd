-- name: become
select set_config('app.actor', %(actor)s, true)

-- name: present_customer
select set_config('app.customer_id', %(customer_id)s::text, true)

-- name: present_visitor
-- A visitor's token names everything; whether the visitor still exists is found out by `admit`.
select set_config('app.customer_id', %(customer_id)s::text, true),
       set_config('app.widget_id', %(widget_id)s::text, true),
       set_config('app.visitor_id', %(visitor_id)s::text, true)

-- name: present_ticket
select set_config('app.customer_id', %(customer_id)s::text, true),
       set_config('app.connection_id', %(connection_id)s, true),
       set_config('app.widget_id', %(widget_id)s, true),
       set_config('app.visitor_id', %(visitor_id)s, true),
       set_config('app.agent_id', %(agent_id)s, true)

-- name: present_user
select set_config('app.user_id', %(user_id)s, true)

-- name: recognise_user
-- The policy "Whoever signs in sees the agent it is" shows just this row.
select set_config('app.customer_id', customer_id::text, true), set_config('app.agent_id', id::text, true)
from agents
where user_id = (select app.credential('user_id')) and is_active

-- name: present_connection
select set_config('app.connection_id', %(connection_id)s, true)

-- name: recognise_connection
select set_config('app.customer_id', customer_id::text, true),
       set_config('app.widget_id', coalesce(widget_id::text, ''), true),
       set_config('app.visitor_id', coalesce(visitor_id::text, ''), true),
       set_config('app.agent_id', coalesce(agent_id::text, ''), true)
from connections
where id = (select app.credential('connection_id'))

-- name: present_api_key
select set_config('app.api_key', %(api_key)s, true), set_config('app.actor', 'anonymous', true)

-- name: recognise_api_key
-- With a key alone it is the customer's oldest active widget: found in `recognise_oldest_widget`, once the customer is known.
select set_config('app.customer_id', id::text, true)
from customers
where api_key = (select app.credential('api_key'))

-- name: recognise_oldest_widget
select set_config('app.widget_id', id::text, true)
from widget_configs
where customer_id = (select app.customer_id()) and is_active and deleted_at is null
order by created_at, id
limit 1

-- name: present_widget
select set_config('app.widget_id', %(widget_id)s::text, true), set_config('app.api_key', %(api_key)s, true)

-- name: recognise_widget
-- When a key was presented as well, both must be the same customer's.
select set_config('app.customer_id', customer_id::text, true)
from widget_configs
where id = (select app.widget_id())

-- name: admit
-- Who the caller is, by rows that still exist. What does not hold is unset, so that nothing later in this
-- transaction can rest on it.
select c.id as customer_id, c.company_name, c.is_active as customer_is_active,
       w.id as widget_id, w.allowed_domains, w.blocked_domains,
       v.id as visitor_id, a.id as agent_id,
       coalesce(a.display_name, v.name) as name, a.avatar_url,
       coalesce(extract(epoch from now() - a.last_seen_at), 1e9) as seconds_since_seen,
       set_config('app.visitor_id', coalesce(v.id::text, ''), true),
       set_config('app.agent_id', coalesce(a.id::text, ''), true),
       set_config('app.actor', case when a.id is not null then a.role when v.id is not null then 'visitor'
                               else 'anonymous' end, true) as kind
from customers c
left join agents a on a.id = (select app.agent_id()) and a.customer_id = c.id and a.is_active
left join visitors v on v.id = (select app.visitor_id()) and v.customer_id = c.id
left join widget_configs w on w.id = (select app.widget_id()) and w.customer_id = c.id and w.is_active and w.deleted_at is null
where c.id = (select app.customer_id())
  and (nullif(current_setting('app.api_key', true), '') is null or c.api_key = (select app.credential('api_key')))

-- name: moment
select now() as now
