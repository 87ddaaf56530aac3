package operate

import (
	"strings"
	"testing"
)

// TestJudge: one object after it was asked, at t2, in each of the states that Flux
// puts it in.
func TestJudge(t *testing.T) {
	for _, c := range []struct {
		about, object, fetched, attempted string
		want                              Outcome
		message                           string
	}{
		{about: "not taken up", object: "layer/a ready asked:t2 handled:t1", want: Triggered, message: "Flux has not handled the request yet"},
		{about: "never taken up", object: "layer/a failing asked:t2", want: Triggered, message: "Flux has not handled the request yet"},
		{about: "nobody has asked", object: "layer/a ready", want: Triggered, message: "Flux has not handled the request yet"},
		{about: "under way", object: "layer/a trying asked:t2 handled:t1", want: Triggered, message: "Building manifests"},
		{about: "done", object: "layer/a ready asked:t2 handled:t2", want: Ready, message: "r1"},
		{about: "somebody else asked after us, and that is done", object: "layer/a ready asked:t3 handled:t3", want: Ready, message: "r1"},
		{about: "somebody else asked after us, and that is not done", object: "layer/a ready asked:t3 handled:t2", want: Triggered, message: "Flux has not handled the request yet"},
		{about: "failed", object: "layer/a failing asked:t2 handled:t2", want: Failing, message: "HealthCheckFailed: no luck"},
		{about: "a newer spec came meanwhile, and has not been tried", object: "layer/a failing asked:t2 handled:t2 generation", want: Triggered, message: "no luck"},
		{about: "ready, but for an older spec", object: "layer/a ready asked:t2 handled:t2 generation", want: Triggered, message: "Flux has not acted on its newest spec yet (generation 2)"},
		{about: "broken off by something newer", object: "layer/a canceled asked:t2 handled:t2", want: Triggered},
		{about: "broken off by something newer, after a failure", object: "layer/a canceled asked:t2 handled:t2 lasttry:HealthCheckFailed", want: Triggered, message: "retrying after a failure"},
		{about: "waits for another layer", object: "layer/a waiting asked:t2 handled:t2 on:x", want: Triggered, message: "waits for x"},
		{about: "suspended meanwhile", object: "layer/a ready suspended asked:t2 handled:t1", want: Failing, message: "it was suspended in the meantime"},
		{about: "its controller does not know of the newer revision", object: "layer/a ready asked:t2 handled:t2", attempted: "r1", fetched: "r2", want: Triggered, message: "it has not applied revision r2 yet"},
		{about: "failed at the older revision", object: "layer/a failing asked:t2 handled:t2", attempted: "r1", fetched: "r2", want: Triggered, message: "it has not applied revision r2 yet"},
		{about: "can't try the newer revision yet", object: "layer/a waiting asked:t2 handled:t2 on:x", attempted: "r1", fetched: "r2", want: Triggered, message: "waits for x"},
		{about: "failed at the newer revision", object: "layer/a failing asked:t2 handled:t2 attempted:r2", attempted: "r1", fetched: "r2", want: Failing, message: "HealthCheckFailed: no luck"},
		{about: "can't read the newer revision", object: "layer/a unfetched asked:t2 handled:t2", attempted: "r1", fetched: "r2", want: Failing, message: "ArtifactFailed: path not found"},
		{about: "already beyond what was fetched", object: "layer/a ready asked:t2 handled:t2 attempted:r3", attempted: "r1", fetched: "r2", want: Ready, message: "r1"},
		{about: "a source is fetched", object: "source/a ready asked:t2 handled:t2 fetched:r2", want: Ready, message: "r2"},
		{about: "a source can't be fetched", object: "source/a failing asked:t2 handled:t2", want: Failing, message: "HealthCheckFailed: no luck"},
		{about: "a release was given up again", object: "release/a stalled asked:t2 handled:t2", want: Failing, message: "RetriesExceeded: gave up"},
		{about: "our request was lost, and an older one is done", object: "layer/a ready asked:t0 handled:t0", want: Triggered, message: "Flux has not handled the request yet"},
		{about: "created again, and asked by somebody else", object: "layer/a ready asked:t3 handled:t3 uid:other", want: Failing, message: "it was deleted and created again in the meantime"},
		{about: "created again, and not asked", object: "layer/a ready uid:other", want: Failing, message: "it was deleted and created again in the meantime"},
		{about: "the same object", object: "layer/a ready asked:t2 handled:t2 uid:u", want: Ready, message: "r1"},
	} {
		t.Run(c.about, func(t *testing.T) {
			step := Step{attempted: c.attempted, requested: "t0"}
			if strings.Contains(c.object, "uid:") {
				step.uid = "u"
			}
			got := step.judge(object(t, c.object), c.fetched, now)
			if message := strings.TrimPrefix(got.Reason+": "+got.Message, ": "); got.Outcome != c.want || message != c.message {
				t.Errorf("%s %q, want %s %q", got.Outcome, message, c.want, c.message)
			}
		})
	}
}

func TestChecking(t *testing.T) {
	for line, want := range map[string]bool{"layer/a checking": true, "layer/a trying": false, "layer/a ready": false} {
		if got := checking(object(t, line)); got != want {
			t.Errorf("%s: %v", line, got)
		}
	}
}
