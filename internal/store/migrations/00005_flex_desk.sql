-- Flex: what its pages are told of an account, and of which type a channel is after its flow is gone.

-- +goose Up

-- The SIDs are those of the instance; settings is a JSON object of what was saved over the defaults.
CREATE TABLE flex_configuration (
    account_sid TEXT PRIMARY KEY REFERENCES account (sid), workspace_sid TEXT NOT NULL, workflow_sid TEXT NOT NULL, queue_sid TEXT NOT NULL,
    chat_service_sid TEXT NOT NULL, key_sid TEXT NOT NULL, settings TEXT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);

ALTER TABLE flex_channel ADD COLUMN channel_type TEXT NOT NULL DEFAULT '';
UPDATE flex_channel SET channel_type = COALESCE((SELECT f.channel_type FROM flex_flow f WHERE f.sid = flex_channel.flow_sid), '');

-- +goose Down
