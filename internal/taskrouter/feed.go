package taskrouter

import (
	"context"

	"parley/internal/store"
)

// Feeds returns the number of the last event of each worker, in order; -1 for one that is gone.
func (tr *TaskRouter) Feeds(ctx context.Context, workerIDs []int64) ([]int64, error) {
	known := make(map[int64]int64, len(workerIDs))
	in, args := store.In(nil, workerIDs)
	err := tr.st.View(ctx, func(r *store.Reader) error {
		return r.Query(`SELECT worker_id, feed FROM tr_worker_seq WHERE worker_id IN `+in, args, func(scan func(...any) error) error {
			var id, feed int64
			if err := scan(&id, &feed); err != nil {
				return err
			}
			known[id] = feed
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	feeds := make([]int64, len(workerIDs))
	for i, id := range workerIDs {
		feed, ok := known[id]
		if !ok {
			feed = -1
		}
		feeds[i] = feed
	}
	return feeds, nil
}
