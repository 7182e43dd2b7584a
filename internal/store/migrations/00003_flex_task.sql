-- Flex: which tasks are about which chat channel, and what the tasks of a channel say.

-- +goose Up

-- Written in the transactions of TaskRouter itself, so that nobody has to look for a channel in the attributes of tasks.
CREATE TABLE flex_task (task_id BIGKEY, account_sid TEXT NOT NULL, channel_sid TEXT NOT NULL);
CREATE INDEX flex_task_channel ON flex_task (channel_sid);

-- '' for a channel that makes no tasks.
ALTER TABLE flex_channel ADD COLUMN task_attributes TEXT NOT NULL DEFAULT '';

-- +goose Down
