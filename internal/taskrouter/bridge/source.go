package bridge

import (
	"context"

	"parley/internal/realtime"
	"parley/internal/taskrouter"
)

// source tells the hub where the events of a worker stand. There is no log of them: whoever misses one is told so.
type source struct{ b *Bridge }

// kindWorker is the one kind of topic: the events of a worker, by its number.
const kindWorker = 1

func topic(workerID int64) realtime.Topic { return realtime.Topic{Kind: kindWorker, ID: workerID} }

// fromNow is the position of a socket that has just been opened.
const fromNow = -1

// Read implements realtime.Source. What is missing is one event, which closes the connection.
func (s source) Read(ctx context.Context, at []realtime.Position) ([]realtime.Reading, error) {
	topics := make([]realtime.Topic, len(at))
	for i, p := range at {
		topics[i] = p.Topic
	}
	now, err := s.Positions(ctx, topics)
	if err != nil {
		return nil, err
	}
	readings := make([]realtime.Reading, len(at))
	for i, p := range at {
		r := realtime.Reading{Found: now[i] >= 0, Seq: now[i]}
		if p.Since != fromNow && p.Since != r.Seq {
			r.Events = []realtime.Event{{Seq: max(r.Seq, p.Since+1)}}
		}
		readings[i] = r
	}
	return readings, nil
}

// Positions implements realtime.Source.
func (s source) Positions(ctx context.Context, topics []realtime.Topic) ([]int64, error) {
	ids := make([]int64, len(topics))
	for i, t := range topics {
		ids[i] = t.ID
	}
	return s.b.tr.Feeds(ctx, ids)
}

// Encode implements realtime.Source: a client that reads on would take what follows for the next event.
func (source) Encode(realtime.Topic, realtime.Event) []byte {
	return closeFrame(statusTryAgain, "an event was missed; connect again")
}

// State implements realtime.Source.
func (source) State(realtime.Kind) bool { return false }

// missed ends the sockets of a worker whose events did not come by themselves.
func (b *Bridge) missed(t realtime.Topic, _ []realtime.Event) {
	for _, s := range b.sockets.of(t.ID) {
		s.end(ReasonMissed)
	}
}

// publish hands out what a transaction did, after its commit.
func (b *Bridge) publish(changes []any) {
	var list []realtime.Change
	for _, c := range changes {
		if s, ok := c.(taskrouter.Signal); ok && b.hub.Wants(topic(s.WorkerID)) {
			list = append(list, realtime.Change{Topic: topic(s.WorkerID), Seq: s.Seq, Frame: b.signal(&s)})
		}
	}
	if len(list) > 0 {
		b.hub.PublishAll(list)
	}
}

// signal encodes an event (flex-ui-protocol §3.5). A worker's removal is the end of its sockets.
func (b *Bridge) signal(s *taskrouter.Signal) []byte {
	e := event{Type: s.Type, Seq: s.Seq}
	switch {
	case s.Type == "worker.deleted":
		return closeFrame(statusPolicy, "the worker was deleted")
	case s.Reservation != nil:
		e.Payload = b.showReservation(s.Reservation)
	case s.Task != nil:
		e.Payload = b.showTask(s.Task.Space, &s.Task.Task)
	case s.Transfer != nil:
		e.Payload = b.showTransfer(s.Transfer.Space, &s.Transfer.Transfer, s.Transfer.WorkerSID)
	case s.WorkerChannel != nil:
		e.Payload = b.showWorkerChannel(s.WorkerChannel)
	case s.Worker != nil:
		e.Payload = showWorker(s.Worker)
	}
	return textFrame(e)
}
