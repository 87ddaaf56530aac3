package operate

import (
	"strings"
	"testing"
)

// TestJudge judges one object after a request, at t2, in each of the states that Flux can set.
func TestJudge(t *testing.T) {
	for _, c := range []struct {
		about, newObject, fetched, attempted string
		want                                 Outcome
		message                              string
	}{
		{about: "not taken up", newObject: "layer/a ready asked:t2 handled:t1", want: Triggered, message: "Flux has not handled the request yet"},
		{about: "never taken up", newObject: "layer/a failing asked:t2", want: Triggered, message: "Flux has not handled the request yet"},
		{about: "nobody has asked", newObject: "layer/a ready", want: Triggered, message: "Flux has not handled the request yet"},
		{about: "under way", newObject: "layer/a trying asked:t2 handled:t1", want: Triggered, message: "Building manifests"},
		{about: "done", newObject: "layer/a ready asked:t2 handled:t2", want: Ready, message: "r1"},
		{about: "somebody else asked after us, and that is done", newObject: "layer/a ready asked:t3 handled:t3", want: Ready, message: "r1"},
		{about: "somebody else asked after us, and that is not done", newObject: "layer/a ready asked:t3 handled:t2", want: Triggered, message: "Flux has not handled the request yet"},
		{about: "failed", newObject: "layer/a failing asked:t2 handled:t2", want: Failing, message: "HealthCheckFailed: no luck"},
		{about: "a newer spec came meanwhile, and has not been tried", newObject: "layer/a failing asked:t2 handled:t2 generation", want: Triggered, message: "no luck"},
		{about: "ready, but for an older spec", newObject: "layer/a ready asked:t2 handled:t2 generation", want: Triggered, message: "Flux has not acted on its newest spec yet (generation 2)"},
		{about: "broken off by something newer", newObject: "layer/a canceled asked:t2 handled:t2", want: Triggered},
		{about: "broken off by something newer, after a failure", newObject: "layer/a canceled asked:t2 handled:t2 lasttry:HealthCheckFailed", want: Triggered, message: "retrying after a failure"},
		{about: "waits for another layer", newObject: "layer/a waiting asked:t2 handled:t2 on:x", want: Triggered, message: "waits for x"},
		{about: "suspended meanwhile", newObject: "layer/a ready suspended asked:t2 handled:t1", want: Failing, message: "it was suspended in the meantime"},
		{about: "its controller does not know of the newer revision", newObject: "layer/a ready asked:t2 handled:t2", attempted: "r1", fetched: "r2", want: Triggered, message: "it has not applied revision r2 yet"},
		{about: "failed at the older revision", newObject: "layer/a failing asked:t2 handled:t2", attempted: "r1", fetched: "r2", want: Triggered, message: "it has not applied revision r2 yet"},
		{about: "can't try the newer revision yet", newObject: "layer/a waiting asked:t2 handled:t2 on:x", attempted: "r1", fetched: "r2", want: Triggered, message: "waits for x"},
		{about: "failed at the newer revision", newObject: "layer/a failing asked:t2 handled:t2 attempted:r2", attempted: "r1", fetched: "r2", want: Failing, message: "HealthCheckFailed: no luck"},
		{about: "can't read the newer revision", newObject: "layer/a unfetched asked:t2 handled:t2", attempted: "r1", fetched: "r2", want: Failing, message: "ArtifactFailed: path not found"},
		{about: "already beyond what was fetched", newObject: "layer/a ready asked:t2 handled:t2 attempted:r3", attempted: "r1", fetched: "r2", want: Ready, message: "r1"},
		{about: "a source is fetched", newObject: "source/a ready asked:t2 handled:t2 fetched:r2", want: Ready, message: "r2"},
		{about: "a source can't be fetched", newObject: "source/a failing asked:t2 handled:t2", want: Failing, message: "HealthCheckFailed: no luck"},
		{about: "a release was given up again", newObject: "release/a stalled asked:t2 handled:t2", want: Failing, message: "RetriesExceeded: gave up"},
		{about: "our request was lost, and an older one is done", newObject: "layer/a ready asked:t0 handled:t0", want: Triggered, message: "Flux has not handled the request yet"},
		{about: "created again, and asked by somebody else", newObject: "layer/a ready asked:t3 handled:t3 uid:other", want: Failing, message: "it was deleted and created again in the meantime"},
		{about: "created again, and not asked", newObject: "layer/a ready uid:other", want: Failing, message: "it was deleted and created again in the meantime"},
		{about: "the same object", newObject: "layer/a ready asked:t2 handled:t2 uid:u", want: Ready, message: "r1"},
	} {
		t.Run(c.about, func(t *testing.T) {
			step := Step{attempted: c.attempted, requested: "t0"}
			if strings.Contains(c.newObject, "uid:") {
				step.uid = "u"
			}
			got := step.judge(newObject(t, c.newObject), c.fetched, now)
			if message := strings.TrimPrefix(got.Reason+": "+got.Message, ": "); got.Outcome != c.want || message != c.message {
				t.Errorf("%s %q, want %s %q", got.Outcome, message, c.want, c.message)
			}
		})
	}
}

func TestChecking(t *testing.T) {
	for line, want := range map[string]bool{"layer/a checking": true, "layer/a trying": false, "layer/a ready": false} {
		if got := checking(newObject(t, line)); got != want {
			t.Errorf("%s: %v", line, got)
		}
	}
}
