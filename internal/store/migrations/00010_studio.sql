-- Studio: flows with their revisions, executions and what happened in them.

-- +goose Up

-- published is the newest revision that is live, 0 for none. test_users is a JSON array of contacts who get the newest draft.
CREATE TABLE studio_flow (
    id BIGKEY, sid TEXT NOT NULL UNIQUE, account_sid TEXT NOT NULL REFERENCES account (sid), revision BIGINT NOT NULL, published BIGINT NOT NULL,
    test_users TEXT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
CREATE INDEX studio_flow_account ON studio_flow (account_sid, id);

CREATE TABLE studio_revision (
    flow_id BIGINT NOT NULL, revision BIGINT NOT NULL, friendly_name TEXT NOT NULL, status TEXT NOT NULL, definition TEXT NOT NULL,
    commit_message TEXT, valid BOOLEAN NOT NULL, errors TEXT NOT NULL, warnings TEXT NOT NULL, created_at BIGINT NOT NULL,
    PRIMARY KEY (flow_id, revision));

-- One execution: what the machine remembers (state), at which widget it is, for what it waits there (effect counts its waits; a timer or an
-- answer that bears an old number is late) and until when (0: without end).
CREATE TABLE studio_execution (
    id BIGKEY, account_sid TEXT NOT NULL, flow_id BIGINT NOT NULL, flow_sid TEXT NOT NULL, revision BIGINT NOT NULL,
    contact TEXT NOT NULL, address TEXT NOT NULL, initiated_by TEXT NOT NULL, active BOOLEAN NOT NULL, state TEXT NOT NULL,
    widget TEXT NOT NULL, waiting_for TEXT NOT NULL, effect BIGINT NOT NULL, deadline BIGINT NOT NULL, steps BIGINT NOT NULL,
    created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
CREATE UNIQUE INDEX studio_execution_contact ON studio_execution (flow_id, contact) WHERE active;
CREATE INDEX studio_execution_flow ON studio_execution (flow_id, created_at, id);
CREATE INDEX studio_execution_active ON studio_execution (account_sid, created_at, id) WHERE active;
CREATE INDEX studio_execution_age ON studio_execution (created_at) WHERE active;
CREATE INDEX studio_execution_ended ON studio_execution (updated_at) WHERE NOT active;

-- changes are those of the context that the step made, as JSON: what the execution knew after a step is what all steps up to it changed.
CREATE TABLE studio_step (
    execution_id BIGINT NOT NULL, number BIGINT NOT NULL, sid TEXT NOT NULL, parent_sid TEXT NOT NULL, flow_sid TEXT NOT NULL,
    name TEXT NOT NULL, type TEXT NOT NULL, transitioned_from TEXT NOT NULL, transitioned_to TEXT NOT NULL, changes TEXT NOT NULL,
    created_at BIGINT NOT NULL, PRIMARY KEY (execution_id, number));

CREATE TABLE studio_warning (
    id BIGKEY, account_sid TEXT NOT NULL, flow_sid TEXT NOT NULL, execution_id BIGINT NOT NULL, code BIGINT NOT NULL, widget TEXT NOT NULL,
    message TEXT NOT NULL, created_at BIGINT NOT NULL);
CREATE INDEX studio_warning_execution ON studio_warning (execution_id, id);

-- By whom a flow reaches somebody outside of the chat.
CREATE INDEX flex_channel_target ON flex_channel (target, id);

-- +goose Down
