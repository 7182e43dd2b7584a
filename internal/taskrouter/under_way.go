package taskrouter

import "parley/internal/store"

// UnderWay reports whether somebody works on the task or may come to: what is wrapped up, or has ended, is over for its customer.
func (t *Task) UnderWay() bool { return t.Waits() || t.Status == TaskAssigned }

// AnyUnderWayTx reports whether any of these tasks exists and is under way. ids must not be empty.
func (tr *TaskRouter) AnyUnderWayTx(r *store.Reader, ids []int64) (bool, error) {
	in, args := store.In([]any{TaskPending, TaskReserved, TaskAssigned}, ids)
	var n int64
	err := r.One(`SELECT count(*) FROM tr_task WHERE status IN ($1, $2, $3) AND id IN `+in, args, &n)
	return n > 0, err
}
