package local_test

import (
	"testing"

	"go.uber.org/goleak"

	"parley/internal/bus"
	"parley/internal/bus/bustest"
	"parley/internal/bus/local"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	bustest.Run(t, func(_ *testing.T, n int) []bus.Bus {
		x := local.NewExchange()
		buses := make([]bus.Bus, n)
		for i := range buses {
			buses[i] = x.Endpoint()
		}
		return buses
	})
}

func TestAlone(t *testing.T) {
	alone := local.New()
	if !bus.Alone(alone) || !bus.Alone(nil) || bus.Alone(local.NewExchange().Endpoint()) {
		t.Error("only the bus without an exchange is alone")
	}
	if n := testing.AllocsPerRun(100, func() {
		if err := alone.Publish("t.1.1", nil); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("a publication to nobody allocates %v times", n)
	}
	sub, err := alone.Subscribe("t.1.1", func([]byte) { t.Error("called") })
	if err != nil {
		t.Fatal(err)
	}
	if err := sub.Unsubscribe(); err != nil {
		t.Fatal(err)
	}
	if err := alone.Close(); err != nil {
		t.Fatal(err)
	}
	if err := alone.Publish("t.1.1", nil); err == nil {
		t.Error("a closed bus publishes")
	}
}
