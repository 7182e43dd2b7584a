package realtime

import (
	"context"
	"time"
)

// Stop closes all connections with ReasonShutdown, after what is queued for them is written, and ends the hub's
// goroutines. New connections are refused at once. The closing is spread over up to Options.Drain, a millisecond for each
// connection, so that peers do not all come back in the same moment. When ctx ends, what is left is cut.
//
// Stop returns when nothing of the hub runs any more; its error is ctx's if connections had to be cut.
func (h *Hub) Stop(ctx context.Context) error {
	var conns []*Conn
	for i := range h.conns {
		s := &h.conns[i]
		s.mu.Lock()
		s.stopped = true
		conns = append(conns, s.conns...)
		s.mu.Unlock()
	}
	h.lameDuck(ctx, conns)
	err := h.waitOrCut(ctx, conns)
	h.stopTold()
	h.cancel()
	h.background.Wait()
	return err
}

// lameDuck closes the connections one by one, at an even pace.
func (h *Hub) lameDuck(ctx context.Context, conns []*Conn) {
	if len(conns) == 0 {
		return
	}
	const tick = 10 * time.Millisecond
	period := min(h.opt.Drain, time.Duration(len(conns))*time.Millisecond)
	atOnce := max(1, int(int64(len(conns))*int64(tick)/int64(period)))
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for i, c := range conns {
		if i > 0 && i%atOnce == 0 {
			select {
			case <-ticker.C:
			case <-ctx.Done():
			}
		}
		c.Close(ReasonShutdown)
	}
}

// waitOrCut waits until all connections are finished; when ctx ends, it makes them finish.
func (h *Hub) waitOrCut(ctx context.Context, conns []*Conn) error {
	finished := make(chan struct{})
	go func() { // ends when the connections do
		h.running.Wait()
		close(finished)
	}()
	select {
	case <-finished:
		return nil
	case <-ctx.Done():
	}
	for _, c := range conns {
		c.mu.Lock()
		c.abort(ReasonShutdown)
		c.mu.Unlock()
	}
	<-finished
	return context.Cause(ctx)
}
