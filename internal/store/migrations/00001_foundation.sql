-- One text for SQLite and PostgreSQL. BIGKEY is a row number as primary key: INTEGER PRIMARY KEY on SQLite (the rowid itself,
-- so that rows are appended), BIGINT PRIMARY KEY on PostgreSQL. Times are microseconds. JSON is TEXT.

-- +goose Up

CREATE TABLE id_block (name TEXT PRIMARY KEY, next_id BIGINT NOT NULL);
INSERT INTO id_block (name, next_id) VALUES ('row', 1);

-- What the instance is: keys made at the first start (for SIDs, signed addresses, …) and the defaults that it made.
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);

CREATE TABLE account (
    sid TEXT PRIMARY KEY, friendly_name TEXT NOT NULL, status TEXT NOT NULL,
    auth_token TEXT NOT NULL, secondary_token TEXT,
    created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);

CREATE TABLE api_key (
    sid TEXT PRIMARY KEY, account_sid TEXT NOT NULL REFERENCES account (sid), friendly_name TEXT NOT NULL,
    kind TEXT NOT NULL, secret TEXT NOT NULL,
    created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
CREATE INDEX api_key_account ON api_key (account_sid, created_at);

-- Nodes of a cluster, for presence and for taking over what a dead one held.
CREATE TABLE node (id BIGINT PRIMARY KEY, name TEXT NOT NULL, seen_at BIGINT NOT NULL);

-- Work to be done after a commit. state: 0 ready (the head of its lane, or without a lane), 1 behind others of its lane, 2 dead.
-- run_at is when a ready job wants attention: its time, or while it is claimed the end of the lease. A lane is '' where there is none.
CREATE TABLE job (
    id BIGKEY, kind TEXT NOT NULL, lane TEXT NOT NULL, lane_seq BIGINT NOT NULL, flow_key TEXT NOT NULL,
    state BIGINT NOT NULL, run_at BIGINT NOT NULL, claimed_by BIGINT NOT NULL, attempt BIGINT NOT NULL, failures BIGINT NOT NULL,
    payload TEXT NOT NULL, last_error TEXT NOT NULL, created_at BIGINT NOT NULL);
CREATE INDEX job_ready ON job (run_at, id) WHERE state = 0;
CREATE INDEX job_dead ON job (id) WHERE state = 2;
CREATE INDEX job_lane ON job (lane, lane_seq, id) WHERE lane <> '' AND state < 2;

CREATE TABLE chat_service (
    id BIGKEY, sid TEXT NOT NULL UNIQUE, account_sid TEXT NOT NULL REFERENCES account (sid), friendly_name TEXT NOT NULL,
    default_service_role TEXT NOT NULL, default_channel_role TEXT NOT NULL, default_creator_role TEXT NOT NULL,
    read_status BOOLEAN NOT NULL, reachability BOOLEAN NOT NULL,
    typing_timeout BIGINT NOT NULL, consumption_interval BIGINT NOT NULL,
    max_members BIGINT NOT NULL, max_channels BIGINT NOT NULL,
    pre_webhook_url TEXT, post_webhook_url TEXT, webhook_method TEXT, webhook_filters TEXT NOT NULL,
    pre_webhook_retries BIGINT NOT NULL, post_webhook_retries BIGINT NOT NULL,
    notifications TEXT NOT NULL, media_message TEXT NOT NULL,
    created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
CREATE INDEX chat_service_account ON chat_service (account_sid, id);

CREATE TABLE role (
    id BIGKEY, sid TEXT NOT NULL UNIQUE, service_id BIGINT NOT NULL, friendly_name TEXT NOT NULL, type TEXT NOT NULL, permissions TEXT NOT NULL,
    created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
CREATE INDEX role_service ON role (service_id, id);

CREATE TABLE chat_user (
    id BIGKEY, sid TEXT NOT NULL UNIQUE, service_id BIGINT NOT NULL, identity TEXT NOT NULL,
    friendly_name TEXT, attributes TEXT NOT NULL, role_sid TEXT NOT NULL,
    name_ev BIGINT NOT NULL, attributes_ev BIGINT NOT NULL, reach_ev BIGINT NOT NULL, online BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
CREATE UNIQUE INDEX chat_user_identity ON chat_user (service_id, identity);

-- The counters of a user's maps stand in a narrow table of their own, because they change with every membership and
-- horizon: a page holds hundreds of them.
CREATE TABLE user_seq (user_id BIGKEY, channels BIGINT NOT NULL, info BIGINT NOT NULL);

-- Which nodes have a live connection of the user; kept only where the service has reachability on.
CREATE TABLE presence (user_id BIGINT NOT NULL, node_id BIGINT NOT NULL, PRIMARY KEY (user_id, node_id));
CREATE INDEX presence_node ON presence (node_id);

CREATE TABLE channel (
    id BIGKEY, sid TEXT NOT NULL UNIQUE, service_id BIGINT NOT NULL, friendly_name TEXT, unique_name TEXT,
    attributes TEXT NOT NULL, type TEXT NOT NULL, created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
CREATE UNIQUE INDEX channel_name ON channel (service_id, unique_name);
CREATE INDEX channel_list ON channel (service_id, id);

-- The channel's event counters, again narrow: a message changes this row and adds one, nothing more. The numbers of the
-- list and of the document are sums that contain next_index, so that a message moves them without another write:
-- list event = next_index + edits, document event = next_index + doc, roster event = roster + horizons (horizons counts what no
-- rule depends on, so that a reader's horizon leaves cached memberships valid).
CREATE TABLE channel_seq (
    channel_id BIGKEY,
    next_index BIGINT NOT NULL, edits BIGINT NOT NULL, doc BIGINT NOT NULL, roster BIGINT NOT NULL, horizons BIGINT NOT NULL,
    hooks BIGINT NOT NULL, removed BIGINT NOT NULL, members BIGINT NOT NULL, last_index BIGINT NOT NULL, last_at BIGINT NOT NULL);

-- Members; a removed one stays as the roster's tombstone.
CREATE TABLE member (
    id BIGKEY, channel_id BIGINT NOT NULL, user_id BIGINT NOT NULL, identity TEXT NOT NULL, role_sid TEXT NOT NULL,
    attributes TEXT NOT NULL, consumed_index BIGINT, consumed_at BIGINT,
    created_ev BIGINT NOT NULL, last_ev BIGINT NOT NULL, removed BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
CREATE UNIQUE INDEX member_live ON member (channel_id, user_id) WHERE NOT removed;
CREATE INDEX member_ev ON member (channel_id, last_ev);

-- The items of a user's my-channels map; status 'gone' is its tombstone.
CREATE TABLE user_channel (
    user_id BIGINT NOT NULL, channel_id BIGINT NOT NULL, channel_sid TEXT NOT NULL,
    status TEXT NOT NULL, notification_level TEXT NOT NULL,
    created_ev BIGINT NOT NULL, last_ev BIGINT NOT NULL,
    PRIMARY KEY (user_id, channel_id));
CREATE INDEX user_channel_ev ON user_channel (user_id, last_ev);
CREATE INDEX user_channel_live ON user_channel (user_id, channel_sid) WHERE status <> 'gone';

CREATE TABLE invite (
    id BIGKEY, channel_id BIGINT NOT NULL, user_id BIGINT NOT NULL, identity TEXT NOT NULL, role_sid TEXT NOT NULL,
    created_by TEXT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
CREATE UNIQUE INDEX invite_user ON invite (channel_id, user_id);

-- Messages are appended in the order of their row number; the SID is computed from it (core.SIDCodec), so no index on it.
CREATE TABLE message (
    id BIGKEY, channel_id BIGINT NOT NULL, idx BIGINT NOT NULL,
    author TEXT NOT NULL, member_id BIGINT NOT NULL, body TEXT NOT NULL, attributes TEXT NOT NULL, media_id BIGINT NOT NULL,
    created_ev BIGINT NOT NULL, last_ev BIGINT NOT NULL, removed BOOLEAN NOT NULL, was_edited BOOLEAN NOT NULL,
    last_updated_by TEXT, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
CREATE UNIQUE INDEX message_index ON message (channel_id, idx);

-- Edits and removals of messages, by event number: what a replay needs beside the newest messages (chat-sdk-protocol §6.6).
CREATE TABLE message_edit (
    channel_id BIGINT NOT NULL, ev BIGINT NOT NULL, message_id BIGINT NOT NULL, idx BIGINT NOT NULL, removed BOOLEAN NOT NULL,
    PRIMARY KEY (channel_id, ev));

CREATE TABLE media (
    id BIGKEY, service_id BIGINT NOT NULL, author TEXT NOT NULL, category TEXT NOT NULL,
    content_type TEXT NOT NULL, filename TEXT, size BIGINT NOT NULL,
    channel_id BIGINT NOT NULL, message_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
CREATE INDEX media_channel ON media (channel_id);
CREATE INDEX media_message ON media (message_id, created_at);

CREATE TABLE channel_webhook (
    id BIGKEY, sid TEXT NOT NULL UNIQUE, channel_id BIGINT NOT NULL, type TEXT NOT NULL,
    url TEXT NOT NULL, method TEXT NOT NULL, filters TEXT NOT NULL, triggers TEXT NOT NULL, flow_sid TEXT NOT NULL,
    retry_count BIGINT NOT NULL, customers_only BOOLEAN NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
CREATE INDEX channel_webhook_channel ON channel_webhook (channel_id, id);

CREATE TABLE binding (
    id BIGKEY, sid TEXT NOT NULL UNIQUE, service_id BIGINT NOT NULL, user_id BIGINT NOT NULL, type TEXT NOT NULL, address TEXT NOT NULL,
    endpoint TEXT NOT NULL, credential_sid TEXT NOT NULL, message_types TEXT NOT NULL,
    created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
CREATE UNIQUE INDEX binding_address ON binding (service_id, user_id, type, address);

CREATE TABLE flex_flow (
    sid TEXT PRIMARY KEY, account_sid TEXT NOT NULL REFERENCES account (sid), friendly_name TEXT NOT NULL,
    chat_service_sid TEXT NOT NULL, channel_type TEXT NOT NULL, contact_identity TEXT NOT NULL, enabled BOOLEAN NOT NULL,
    integration_type TEXT NOT NULL, integration TEXT NOT NULL, long_lived BOOLEAN NOT NULL, janitor_enabled BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
CREATE INDEX flex_flow_account ON flex_flow (account_sid, created_at, sid);

CREATE TABLE flex_channel (
    id BIGKEY, sid TEXT NOT NULL UNIQUE, account_sid TEXT NOT NULL, flow_sid TEXT NOT NULL, chat_service_sid TEXT NOT NULL,
    user_sid TEXT NOT NULL, task_sid TEXT, target TEXT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
CREATE INDEX flex_channel_account ON flex_channel (account_sid, id);

-- The newest channel of a flow and a target (0 for none); its row is the lock under which a channel is reused or made.
CREATE TABLE flex_target (flow_sid TEXT NOT NULL, target TEXT NOT NULL, channel_id BIGINT NOT NULL, PRIMARY KEY (flow_sid, target));

-- +goose Down
