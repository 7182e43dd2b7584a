package server

import (
	"context"
	"fmt"
	"net/url"
	"strconv"

	"parley/internal/bus"
	"parley/internal/delivery"
	"parley/internal/identity"
	"parley/internal/jobs"
	"parley/internal/store"
	"parley/internal/taskrouter"
	"parley/internal/taskrouter/bridge"
	"parley/internal/webhook"
)

// jobAssignment is the kind of jobs that post the assignment callback of a reservation.
const jobAssignment = "taskrouter.assignment"

// eventRetries is how often an event callback is made again: a receiver that is away for some minutes misses nothing.
const eventRetries = 10

// taskOutbox turns what TaskRouter wants delivered into jobs.
type taskOutbox struct{}

// Enqueue implements taskrouter.Outbox.
func (taskOutbox) Enqueue(tx *store.Tx, d taskrouter.Delivery) error {
	return delivery.Enqueue(tx, d.Lane, d.LaneSeq, delivery.Call{AccountSID: d.AccountSID, URL: d.URL, Method: "POST", Retries: eventRetries, Params: d.Params})
}

// EnqueueAssignment implements taskrouter.Outbox.
func (taskOutbox) EnqueueAssignment(tx *store.Tx, reservationID int64) error {
	return jobs.Enqueue(tx, jobs.Job{Kind: jobAssignment, Payload: strconv.FormatInt(reservationID, 10)})
}

// assignments runs the jobs.
type assignments struct {
	tasks    *taskrouter.TaskRouter
	caller   *webhook.Caller
	identity *identity.Identity
}

// run asks the receiver once, and its fallback once: who did not answer in time is not asked again, because the offer stands for a
// person or the API to act on (taskrouter-studio A.9). Only a crash makes the job run again.
func (a *assignments) run(ctx context.Context, job *jobs.Claimed) error {
	id, err := strconv.ParseInt(job.Payload, 10, 64)
	if err != nil {
		return jobs.Dead(fmt.Errorf("the payload is damaged: %w", err))
	}
	return a.tasks.CallAssignment(ctx, id, func(ctx context.Context, accountSID, address string, form url.Values) (int, string, []byte, error) {
		token, err := a.identity.AuthToken(ctx, accountSID)
		if err != nil {
			return 0, "", nil, err
		}
		answer, err := a.caller.Post(ctx, webhook.Request{URL: address, Method: "POST", Form: form, AuthToken: token, IdempotencyToken: job.Token()})
		return answer.Status, answer.Header.Get("Content-Type"), answer.Body, err
	})
}

// subjectMatch rings for the node that matches, when another one has changed something.
const subjectMatch = "taskrouter.match"

// openTaskRouter makes what listens to commits of tasks: the matcher's driver, the sockets of workers, and what supervisors watch.
func (s *Server) openTaskRouter() error {
	s.tasks = taskrouter.New(s.store, s.codec, taskrouter.Options{Outbox: taskOutbox{}, Log: s.log})
	o := taskrouter.DispatcherOptions{Sole: s.config.DatabaseURL == "", Log: s.log}
	if !bus.Alone(s.bus) {
		o.Ring = func() { _ = s.bus.Publish(subjectMatch, nil) } // a lost ring costs a poll
	}
	s.dispatcher = taskrouter.NewDispatcher(s.tasks, o)
	s.bridge = bridge.New(bridge.Options{Store: s.store, TaskRouter: s.tasks, Auth: authenticator{s.identity}, Bus: s.bus, Log: s.log,
		MaxConnections: s.config.MaxConnections, QueueBytes: int(s.config.QueueBytes), Drain: s.drainSockets()})
	s.later("worker sockets", s.bridge.Stop)
	s.openLive()
	if bus.Alone(s.bus) {
		return nil
	}
	_, err := s.bus.Subscribe(subjectMatch, func([]byte) { s.dispatcher.Wake() })
	return err
}

// startMatching begins to bring tasks to workers.
func (s *Server) startMatching(ctx context.Context) error {
	if err := s.dispatcher.Start(ctx); err != nil {
		return err
	}
	s.later("matching", s.dispatcher.Stop)
	s.bridge.Start(s.node.id)
	return nil
}
