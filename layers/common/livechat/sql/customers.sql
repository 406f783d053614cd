-- name: lock
-- Two admins cannot both take the last place of a plan.
select id from customers where id = (select app.customer_id()) for no key update

-- name: account
select c.*, (select count(*)::int from widget_configs w where w.customer_id = c.id and w.deleted_at is null) as widget_count,
       (select count(*)::int from agents a where a.customer_id = c.id and a.is_active) as agent_count
from customers c
where c.id = (select app.customer_id())

-- name: secret
select api_secret from customers where id = (select app.customer_id())

-- name: replace_key
update customers set api_key = %(api_key)s, updated_at = now() where id = (select app.customer_id())
returning id

-- name: insert
-- A new customer, made by the deployment or an operator.
insert into customers (company_name, api_key, api_secret, plan_tier, max_widgets, max_agents)
values (%(company_name)s, %(api_key)s, %(api_secret)s, coalesce(%(plan_tier)s, 'standard'), coalesce(%(max_widgets)s, 10),
        coalesce(%(max_agents)s, 50))
returning id

-- name: insert_widget
insert into widget_configs (customer_id, name, branding, behavior, localization, features, working_hours, routing_rules)
values (%(customer_id)s, %(name)s, %(branding)s, %(behavior)s, %(localization)s, %(features)s, %(working_hours)s, %(routing_rules)s)
returning id

-- name: insert_agent
insert into agents (customer_id, user_id, display_name, email, role)
values (%(customer_id)s, %(user_id)s, %(display_name)s, %(email)s, %(role)s)
returning id

-- name: agents_to_link
select id, email from agents

-- name: link_agent
update agents set user_id = %(user_id)s, updated_at = now() where id = %(agent_id)s
returning id
