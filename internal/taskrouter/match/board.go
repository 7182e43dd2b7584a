package match

// Board is what matters of one workspace for matching. Facts may be told in any order; what a fact refers to may come later.
// A fact about something known replaces it. It is not safe for concurrent use.
type Board struct {
	workspace  Workspace
	activities map[int64]*Activity
	channels   map[int64]*channel
	queues     map[int64]*queue
	flows      map[int64]*flow
	workers    map[int64]*worker
	tasks      map[int64]*task

	queuesBySID, queuesByName   map[string]*queue
	workersBySID, workersByName map[string]*worker

	nowhere *queue           // stands for the queue of tasks that are in none
	byLoad  map[int64]*queue // queues whose membership depends on the workers' load
	classes map[classKey]*class
	wanted  map[wanted]map[*class]struct{} // classes for one worker only, by that worker

	busy   map[*queue]struct{} // queues where an offer may be possible
	fresh  ordered[*task]      // tasks that entered a step, to be tried
	tried  ordered[*task]      // of these, the ones that got no reservation: skip_if is next
	timers ordered[*task]      // by when they are due

	decided []Decision
}

type channel struct {
	Channel
	idle ordered[*worker] // workers who can take work of the channel, who waits longest first
}

// NewBoard returns a board of a workspace in which nothing is known yet.
func NewBoard() *Board {
	return &Board{
		activities: map[int64]*Activity{}, channels: map[int64]*channel{}, queues: map[int64]*queue{}, flows: map[int64]*flow{},
		workers: map[int64]*worker{}, tasks: map[int64]*task{},
		queuesBySID: map[string]*queue{}, queuesByName: map[string]*queue{},
		workersBySID: map[string]*worker{}, workersByName: map[string]*worker{},
		nowhere: newQueue(), byLoad: map[int64]*queue{},
		classes: map[classKey]*class{}, wanted: map[wanted]map[*class]struct{}{},
		busy: map[*queue]struct{}{},
	}
}

// SetWorkspace tells what the workspace says.
func (b *Board) SetWorkspace(w Workspace) { b.workspace = w }

// PutActivity tells of an activity.
func (b *Board) PutActivity(a Activity) {
	b.activities[a.ID] = &a
	b.changeWorkers(func(w *worker) bool { return w.Activity == a.ID })
}

// DropActivity tells that an activity is gone. Workers who are in it are not available.
func (b *Board) DropActivity(id int64) {
	delete(b.activities, id)
	b.changeWorkers(func(w *worker) bool { return w.Activity == id })
}

// PutChannel tells of a task channel.
func (b *Board) PutChannel(c Channel) {
	known := b.channels[c.ID]
	if known == nil {
		known = &channel{}
		b.channels[c.ID] = known
	}
	known.Channel = c
	b.changeWorkers(func(w *worker) bool { return w.slot(c.ID) != nil })
}

// DropChannel tells that a task channel is gone: nobody can take work of it.
func (b *Board) DropChannel(id int64) {
	delete(b.channels, id)
	b.changeWorkers(func(w *worker) bool { return w.slot(id) != nil })
}

// PutWorkflow tells of a workflow. Tasks stay in their steps; a step that the plan no longer has is the task's queue, without conditions or a
// timeout.
func (b *Board) PutWorkflow(w Workflow) {
	b.flows[w.ID] = newFlow(w)
	b.refile(func(t *task) bool { return t.Workflow == w.ID })
}

// DropWorkflow tells that a workflow is gone: its tasks are offered to nobody.
func (b *Board) DropWorkflow(id int64) {
	delete(b.flows, id)
	b.refile(func(t *task) bool { return t.Workflow == id })
}

// refile gives tasks the place that the changed facts say. All leave before one comes back, for a class stands for what its tasks had in common
// when it was made.
func (b *Board) refile(which func(*task) bool) {
	var list []*task
	for _, t := range b.tasks {
		if which(t) {
			b.unfile(t)
			list = append(list, t)
		}
	}
	for _, t := range list {
		b.file(t)
	}
}
