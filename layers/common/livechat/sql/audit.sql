-- name: insert
insert into audit_logs (customer_id, agent_id, action, resource_type, resource_id, changes, ip_address, user_agent)
values ((select app.customer_id()), (select app.agent_id()), %(action)s, %(resource_type)s, %(resource_id)s, %(changes)s,
        %(ip_address)s, %(user_agent)s)
