-- Policies that hold what their sentences say, also against a mistake in the functions.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- A foreign key looks past row security, so only these look whose the conversation is.
alter policy "A visitor writes only to its own conversations, and only as itself" on messages
    with check (visitor_id = (select app.visitor_id()) and customer_id = (select app.customer_id())
        and (sender_type = 'system' or (sender_type = 'visitor' and sender_id = (select app.visitor_id())))
        and exists (select from conversations c where c.id = messages.conversation_id
                    and c.visitor_id = messages.visitor_id and c.customer_id = messages.customer_id));
alter policy "An agent writes to its customer's conversations, and only as itself" on messages
    with check (customer_id = (select app.customer_id()) and (select app.actor()) in ('agent', 'admin')
        and (sender_type = 'system' or (sender_type = 'agent' and sender_id = (select app.agent_id())))
        and exists (select from conversations c where c.id = messages.conversation_id
                    and c.visitor_id = messages.visitor_id and c.customer_id = messages.customer_id));
alter policy "The router writes what it did" on messages
    with check (customer_id = (select app.customer_id()) and (select app.actor()) = 'system' and sender_type = 'system'
        and exists (select from conversations c where c.id = messages.conversation_id
                    and c.visitor_id = messages.visitor_id and c.customer_id = messages.customer_id));

-- Whoever named one widget does not hold the key, and sees no other.
alter policy "A customer's people, and whoever holds its key, see its widgets" on widget_configs
    using (customer_id = (select app.customer_id()) and ((select app.actor()) in ('agent', 'admin', 'system')
        or ((select app.actor()) = 'anonymous' and (select app.credential('api_key')) is not null)));

-- Everything of itself but its role.
alter policy "An agent changes itself" on agents
    using (id = (select app.agent_id()) and customer_id = (select app.customer_id()))
    with check (id = (select app.agent_id()) and customer_id = (select app.customer_id()) and role = (select app.actor()));
