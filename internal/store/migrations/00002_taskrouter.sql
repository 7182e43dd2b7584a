-- TaskRouter. The SIDs of tasks, reservations, transfers, events and worker channels are computed from their row numbers.

-- +goose Up

CREATE TABLE tr_workspace (
    id BIGKEY, sid TEXT NOT NULL UNIQUE, account_sid TEXT NOT NULL REFERENCES account (sid), friendly_name TEXT NOT NULL,
    default_activity_id BIGINT NOT NULL, timeout_activity_id BIGINT NOT NULL,
    event_callback_url TEXT NOT NULL, events_filter TEXT NOT NULL, multi_task BOOLEAN NOT NULL, prioritize TEXT NOT NULL,
    rev BIGINT NOT NULL, -- rises with every change of the workspace, its activities, task channels, queues and workflows
    created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
CREATE INDEX tr_workspace_account ON tr_workspace (account_sid, id);

CREATE TABLE tr_activity (
    id BIGKEY, sid TEXT NOT NULL UNIQUE, workspace_id BIGINT NOT NULL, friendly_name TEXT NOT NULL, available BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
CREATE INDEX tr_activity_workspace ON tr_activity (workspace_id, id);

CREATE TABLE tr_task_channel (
    id BIGKEY, sid TEXT NOT NULL UNIQUE, workspace_id BIGINT NOT NULL, friendly_name TEXT NOT NULL, unique_name TEXT NOT NULL,
    optimized BOOLEAN NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
CREATE UNIQUE INDEX tr_task_channel_name ON tr_task_channel (workspace_id, unique_name);

CREATE TABLE tr_queue (
    id BIGKEY, sid TEXT NOT NULL UNIQUE, workspace_id BIGINT NOT NULL, friendly_name TEXT NOT NULL, target_workers TEXT NOT NULL,
    max_reserved BIGINT NOT NULL, task_order TEXT NOT NULL, assignment_activity_id BIGINT NOT NULL, reservation_activity_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
CREATE UNIQUE INDEX tr_queue_name ON tr_queue (workspace_id, friendly_name);

CREATE TABLE tr_workflow (
    id BIGKEY, sid TEXT NOT NULL UNIQUE, workspace_id BIGINT NOT NULL, friendly_name TEXT NOT NULL, configuration TEXT NOT NULL,
    assignment_url TEXT NOT NULL, fallback_url TEXT NOT NULL, reservation_timeout BIGINT NOT NULL, -- seconds
    created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
CREATE INDEX tr_workflow_workspace ON tr_workflow (workspace_id, id);

-- name_key is the friendly name in lower case: it is unique without regard to case.
CREATE TABLE tr_worker (
    id BIGKEY, sid TEXT NOT NULL UNIQUE, workspace_id BIGINT NOT NULL, friendly_name TEXT NOT NULL, name_key TEXT NOT NULL,
    activity_id BIGINT NOT NULL, attributes TEXT NOT NULL, version BIGINT NOT NULL, status_changed_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
CREATE UNIQUE INDEX tr_worker_name ON tr_worker (workspace_id, name_key);
CREATE INDEX tr_worker_activity ON tr_worker (activity_id);

-- What changes with every reservation stands in a narrow table: the number of the worker's last event, as its sockets
-- and callbacks know it, and when work was last given.
CREATE TABLE tr_worker_seq (worker_id BIGKEY, feed BIGINT NOT NULL, assigned_at BIGINT NOT NULL);

-- Workers who are to be taken offline when their clients are gone, by the nodes where those are, or were until left_at.
CREATE TABLE tr_attended (worker_id BIGINT NOT NULL, node_id BIGINT NOT NULL, left_at BIGINT NOT NULL, PRIMARY KEY (worker_id, node_id));
CREATE INDEX tr_attended_node ON tr_attended (node_id);

-- held counts pending, accepted and wrapping reservations, which all use up capacity; assigned counts accepted ones.
CREATE TABLE tr_worker_channel (
    id BIGKEY, worker_id BIGINT NOT NULL, task_channel_id BIGINT NOT NULL, capacity BIGINT NOT NULL, available BOOLEAN NOT NULL,
    held BIGINT NOT NULL, assigned BIGINT NOT NULL, assigned_at BIGINT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
CREATE UNIQUE INDEX tr_worker_channel_worker ON tr_worker_channel (worker_id, task_channel_id);

-- due_at is when the system must look at the task again: its TTL, the end of an overlong assignment, its removal after its end.
-- The matcher's own deadlines are derived from step_base and the workflow.
CREATE TABLE tr_task (
    id BIGKEY, workspace_id BIGINT NOT NULL, workflow_id BIGINT NOT NULL, queue_id BIGINT NOT NULL, task_channel_id BIGINT NOT NULL,
    status TEXT NOT NULL, reason TEXT NOT NULL, priority BIGINT NOT NULL, attributes TEXT NOT NULL, timeout BIGINT NOT NULL, -- seconds
    virtual_start BIGINT NOT NULL, routing_target TEXT NOT NULL, ignore_capacity BOOLEAN NOT NULL,
    version BIGINT NOT NULL, events BIGINT NOT NULL, attempts BIGINT NOT NULL,
    step_filter BIGINT NOT NULL, step_target BIGINT NOT NULL, step_fresh BOOLEAN NOT NULL, step_base BIGINT NOT NULL, only_skips BOOLEAN NOT NULL,
    queue_entered_at BIGINT NOT NULL, transfer_id BIGINT NOT NULL, due_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
CREATE INDEX tr_task_list ON tr_task (workspace_id, created_at, id);
CREATE INDEX tr_task_open ON tr_task (workspace_id, queue_id, status) WHERE status IN ('pending', 'reserved', 'assigned', 'wrapping');
CREATE INDEX tr_task_due ON tr_task (due_at);

CREATE TABLE tr_reservation (
    id BIGKEY, workspace_id BIGINT NOT NULL, task_id BIGINT NOT NULL, worker_id BIGINT NOT NULL, queue_id BIGINT NOT NULL, task_channel_id BIGINT NOT NULL,
    status TEXT NOT NULL, reason_code BIGINT NOT NULL, version BIGINT NOT NULL, timeout BIGINT NOT NULL, -- seconds
    expires_at BIGINT NOT NULL, transfer_id BIGINT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
CREATE INDEX tr_reservation_task ON tr_reservation (task_id, id);
CREATE INDEX tr_reservation_worker ON tr_reservation (worker_id, id);
CREATE INDEX tr_reservation_open ON tr_reservation (worker_id) WHERE status IN ('pending', 'accepted', 'wrapping');
CREATE INDEX tr_reservation_due ON tr_reservation (expires_at) WHERE status = 'pending';

CREATE TABLE tr_transfer (
    id BIGKEY, workspace_id BIGINT NOT NULL, task_id BIGINT NOT NULL, reservation_id BIGINT NOT NULL, worker_id BIGINT NOT NULL,
    queue_id BIGINT NOT NULL, workflow_id BIGINT NOT NULL, queue_entered_at BIGINT NOT NULL, priority BIGINT NOT NULL, routing_target TEXT NOT NULL,
    mode TEXT NOT NULL, target TEXT NOT NULL, type TEXT NOT NULL,
    status TEXT NOT NULL, failed_reason TEXT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
CREATE INDEX tr_transfer_task ON tr_transfer (task_id, id);

-- The public history (taskrouter-studio A.12), and what statistics are made of. data is the event's own JSON.
-- wait is how long the task had waited, in microseconds, where the event ends a wait.
CREATE TABLE tr_event (
    id BIGKEY, workspace_id BIGINT NOT NULL, type TEXT NOT NULL, at BIGINT NOT NULL,
    task_id BIGINT NOT NULL, reservation_id BIGINT NOT NULL, worker_id BIGINT NOT NULL, queue_id BIGINT NOT NULL, workflow_id BIGINT NOT NULL,
    task_channel_id BIGINT NOT NULL, activity_id BIGINT NOT NULL, wait BIGINT NOT NULL, wait_in_queue BIGINT NOT NULL,
    resource_type TEXT NOT NULL, resource_sid TEXT NOT NULL, data TEXT NOT NULL);
CREATE INDEX tr_event_time ON tr_event (workspace_id, at, id);
CREATE INDEX tr_event_task ON tr_event (task_id, id) WHERE task_id > 0;

-- What the matcher has not yet looked at: written with the change itself, removed with the decisions that follow from it.
CREATE TABLE tr_change (id BIGKEY, workspace_id BIGINT NOT NULL, kind TEXT NOT NULL, entity_id BIGINT NOT NULL);

-- Which node matches. fence rises with every holder, so that one which was taken for dead cannot commit.
CREATE TABLE tr_lease (name TEXT PRIMARY KEY, holder TEXT NOT NULL, fence BIGINT NOT NULL, expires_at BIGINT NOT NULL);
INSERT INTO tr_lease (name, holder, fence, expires_at) VALUES ('taskrouter', '', 0, 0);

-- +goose Down
