package bridge

import (
	"parley/internal/core"
	"parley/internal/taskrouter"
)

func listReservations(c *call) (any, error) {
	at := c.span()
	f := taskrouter.ReservationFilter{WorkerSID: c.who.worker, Status: c.word("ReservationStatus")}
	if active := c.flag("Active"); active != nil {
		f.Active = *active
	}
	if c.fault != nil {
		return nil, c.fault
	}
	var rows []*taskrouter.ReservationView
	read := func() (err error) {
		rows, err = c.b.tr.ListReservations(c, c.who.account, c.who.workspace, f, at.after, at.size+1)
		return err
	}
	if err := c.b.readAtRest(c, c.who.worker, read); err != nil {
		return nil, err
	}
	return pageOf(at, rows, func(v *taskrouter.ReservationView) string { return c.b.tr.ReservationSID(v.ID) }, c.b.showReservation), nil
}

func (c *call) reservation() taskrouter.ReservationRef {
	return taskrouter.ReservationRef{WorkerSID: c.who.worker, SID: c.ids[2]}
}

func fetchReservation(c *call) (any, error) {
	v, err := c.b.tr.FetchReservation(c, c.who.account, c.who.workspace, c.reservation())
	if err != nil {
		return nil, err
	}
	return c.b.showReservation(v), nil
}

func updateReservation(c *call) (any, error) {
	p := taskrouter.ReservationPatch{
		Status: c.text("ReservationStatus"), WorkerActivitySID: c.text("WorkerActivitySid"), Instruction: c.text("Instruction"),
	}
	if c.fault != nil {
		return nil, c.fault
	}
	v, err := c.b.tr.UpdateReservation(c, c.who.account, c.who.workspace, c.reservation(), p, c.ifMatch)
	if err != nil {
		return nil, err
	}
	j := c.b.showReservation(v)
	j.Incoming, j.Outgoing = nil, nil // here the SDK leaves the task out of what it reads, and finds nothing to hang a transfer on
	return j, nil
}

// supervise listens to a call, which the use case refuses: there are none.
func supervise(c *call) (any, error) {
	instruction := c.text("Instruction")
	if c.rank() < 1 || instruction == nil {
		return nil, forbidden("Only the worker itself may change its reservation")
	}
	ref := taskrouter.ReservationRef{TaskSID: c.ids[1], SID: c.ids[2]}
	v, err := c.b.tr.UpdateReservation(c, c.who.account, c.who.workspace, ref, taskrouter.ReservationPatch{Instruction: instruction}, "")
	if err != nil {
		return nil, err
	}
	return c.b.showReservation(v), nil
}

func startTransfer(c *call) (any, error) {
	n := taskrouter.NewTransfer{
		ReservationSID: c.word("ReservationSid"), TaskSID: c.word("TaskSid"), To: c.word("To"), Mode: c.word("Mode"), Attributes: c.word("Attributes"),
		Priority: c.number("Priority"),
	}
	if c.fault != nil {
		return nil, c.fault
	}
	return c.transfer(c.b.tr.StartTransfer(c, c.who.account, c.who.workspace, c.who.worker, n))
}

func cancelTransfer(c *call) (any, error) {
	if status := c.word("TransferStatus"); status != taskrouter.TransferCanceled {
		c.refuse("TransferStatus must be %q", taskrouter.TransferCanceled)
	}
	if c.fault != nil {
		return nil, c.fault
	}
	return c.transfer(c.b.tr.CancelTransfer(c, c.who.account, c.who.workspace, c.who.worker, c.ids[2]))
}

func (c *call) transfer(v *taskrouter.TransferView, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return c.b.showTransfer(v.Space, &v.Transfer, v.WorkerSID), nil
}

// updateParticipant sets how a worker takes part in a conference. There is none, and nothing to set; but a desktop does this before
// every cold transfer, also that of a chat (flex-ui-protocol §5.6).
func updateParticipant(c *call) (any, error) {
	c.ids = append(c.ids[:2:2], c.word("ReservationSid"))
	if c.fault != nil {
		return nil, c.fault
	}
	return fetchReservation(c)
}

func noConference(*call) (any, error) {
	return nil, core.Ef(core.CodeConferenceRefused, "Parley carries no voice, so there is no conference and nobody in it")
}
