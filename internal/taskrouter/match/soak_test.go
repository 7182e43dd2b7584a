package match

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestMillionDecisions lets a busy workspace go through a million decisions, and counts for itself what every worker holds: nobody is ever
// over capacity, no task is offered more often than its queue allows or won twice, and of tasks that are alike but for their age the older one goes
// first.
func TestMillionDecisions(t *testing.T) {
	for seed := range uint64(2) {
		t.Run(fmt.Sprint("workspace ", seed), func(t *testing.T) {
			t.Parallel()
			soak(t, rand.New(rand.NewPCG(seed, 0)), 500_000)
		})
	}
}

func soak(t *testing.T, r *rand.Rand, total int) {
	const (
		workers = 24
		skills  = 4
	)
	b := NewBoard()
	b.PutActivity(Activity{ID: 1, SID: "WA1", Name: "Available", Available: true})
	b.PutChannel(Channel{ID: 1, UniqueName: "chat"})
	b.PutQueue(Queue{ID: 1, SID: "WQ1", Members: mustParse("1==1"), MaxReserved: 1})
	b.PutQueue(Queue{ID: 2, SID: "WQ2", Members: mustParse("level > 0"), MaxReserved: 3})
	b.PutWorkflow(Workflow{ID: 1, ReservationTimeout: 20 * second, Plan: mustPlan(`{"task_routing":{"filters":[
		{"expression":"1==1","targets":[
			{"queue":"WQ1","expression":"worker.skills HAS task.skill","timeout":15,"skip_if":"workers.available == 0"},
			{"queue":"WQ2","timeout":3600}]}]}}`)})

	held := make([]int, workers+1)
	agents := make([]Worker, workers+1)
	for id := int64(1); id <= workers; id++ {
		agents[id] = Worker{
			ID: id, SID: fmt.Sprintf("WK%d", id), Activity: 1, Slots: []Slot{{Channel: 1, Capacity: 1 + int(id%3), Available: true}},
			Attributes: map[string]any{"level": float64(id % 2), "skills": []any{fmt.Sprint(id % skills), fmt.Sprint(id % (skills - 1))}},
		}
		b.PutWorker(agents[id])
	}
	update := func(id, now int64) {
		agents[id].Slots = []Slot{{Channel: 1, Capacity: agents[id].Slots[0].Capacity, Held: held[id], Available: true}}
		agents[id].LastAssigned = now
		b.PutWorker(agents[id])
	}

	type open struct {
		task   *Task
		winner int64
	}
	tasks := map[int64]*open{}
	var waiting []int64       // tasks with offers
	newest := map[any]int64{} // the newest task that was offered in the first step, by skill
	now, next := int64(1000*second), int64(0)
	for done := 0; done < total; {
		now += second / 8
		for range 6 {
			next++
			skill := fmt.Sprint(r.IntN(skills))
			task := &Task{
				ID: next, Workflow: 1, Queue: 1, Channel: 1, Created: now, VirtualStart: now, Base: now, Fresh: true, OnlySkips: true,
				Attributes: map[string]any{"skill": skill}, Expires: now + 120*second,
			}
			tasks[next] = &open{task: task}
			b.PutTask(*task)
		}
		decisions, more := b.Run(now, 1000)
		if more {
			t.Fatal("more than 1000 decisions in a step")
		}
		for _, d := range decisions {
			done++
			o := tasks[d.Task]
			if o == nil || o.winner != 0 || d.Version != o.task.Version {
				t.Fatalf("%+v is about a task that is gone, has a winner or another version: %+v", d, o)
			}
			o.task.Version++
			switch d.Kind {
			case Reserve:
				if held[d.Worker]++; held[d.Worker] > agents[d.Worker].Slots[0].Capacity {
					t.Fatalf("%+v: worker over capacity", d)
				}
				o.task.Holders = append(o.task.Holders, d.Worker)
				if most := []int{0, 1, 3}[d.Queue]; len(o.task.Holders) > most {
					t.Fatalf("%+v: %d offers at once", d, len(o.task.Holders))
				}
				if d.From.Target == 0 && o.task.Attempts == 0 {
					skill := o.task.Attributes.(map[string]any)["skill"]
					if d.Task < newest[skill] {
						t.Fatalf("%+v: a younger task, %d, was offered before", d, newest[skill])
					}
					newest[skill] = d.Task
				}
				if len(o.task.Holders) == 1 {
					o.task.Attempts++
					waiting = append(waiting, d.Task)
				}
				o.task.Fresh = false
			case Move:
				o.task.Step, o.task.Queue, o.task.Base, o.task.OnlySkips = d.To, d.Queue, d.Base, d.OnlySkips
			default:
				for _, id := range o.task.Holders {
					held[id]--
				}
				delete(tasks, d.Task)
			}
		}
		// Of the offers some are answered: one in five is rejected, else it is won, done at once, and the other offers are rescinded.
		for range min(len(waiting), 12) {
			i := r.IntN(len(waiting))
			o := tasks[waiting[i]]
			waiting[i] = waiting[len(waiting)-1]
			waiting = waiting[:len(waiting)-1]
			if o == nil || len(o.task.Holders) == 0 {
				continue
			}
			holders := o.task.Holders
			o.task.Holders = nil
			if r.IntN(5) == 0 {
				o.task.Version++
				b.PutTask(*o.task)
			} else {
				o.winner = holders[0]
				delete(tasks, o.task.ID)
				b.DropTask(o.task.ID)
			}
			for _, id := range holders {
				held[id]--
				update(id, now)
			}
		}
	}
}
