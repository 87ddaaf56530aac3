package pki

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestLifetime compares with what cert-manager computes (v1.21, ValidateDuration).
func TestLifetime(t *testing.T) {
	const day = 24 * time.Hour
	for name, test := range map[string]struct {
		spec map[string]any
		want lifetime
	}{
		"defaults":   {nil, lifetime{duration: 90 * day, renewBefore: 30 * day}},
		"duration":   {map[string]any{"duration": "720h"}, lifetime{duration: 30 * day, renewBefore: 10 * day, durationField: "spec.duration"}},
		"renewal":    {map[string]any{"renewBefore": "72h"}, lifetime{duration: 90 * day, renewBefore: 3 * day, reserveField: "spec.renewBefore"}},
		"percentage": {map[string]any{"renewBeforePercentage": int64(90)}, lifetime{duration: 90 * day, renewBefore: 9 * day, reserveField: "spec.renewBeforePercentage"}},
		"both": {map[string]any{"renewBefore": "72h", "renewBeforePercentage": int64(90)},
			lifetime{duration: 90 * day, renewBefore: 3 * day, reserveField: "spec.renewBefore", both: true}},
		"days": {map[string]any{"renewBefore": "3d"}, lifetime{duration: 90 * day, reserveField: "spec.renewBefore", malformed: "spec.renewBefore"}},
	} {
		t.Run(name, func(t *testing.T) {
			obj := &unstructured.Unstructured{Object: map[string]any{"spec": test.spec}}
			if test.spec == nil {
				obj.Object = map[string]any{}
			}
			if got := lifetimeOf(obj); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{72 * time.Hour: "72h", 90 * time.Minute: "1h30m", 5 * time.Minute: "5m", 0: "0s", 61 * time.Second: "1m1s", 20 * time.Minute: "20m", time.Hour + 10*time.Minute: "1h10m"} {
		if got := short(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}
