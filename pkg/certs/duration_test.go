package certs

import (
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	for _, test := range []struct {
		text    string
		want    time.Duration
		message string
	}{
		{text: "365d", want: 365 * 24 * time.Hour},
		{text: "1y", want: 365 * 24 * time.Hour},
		{text: "1y30d", want: 395 * 24 * time.Hour},
		{text: "30d12h", want: 732 * time.Hour},
		{text: "24h", want: 24 * time.Hour},
		{text: "90m", want: 90 * time.Minute},
		{text: "1h30m15s", want: time.Hour + 30*time.Minute + 15*time.Second},
		{text: "1.5h", want: 90 * time.Minute},
		{text: "292y", want: 292 * year},
		{text: "", message: "it must be more than zero"},
		{text: "0d", message: "it must be more than zero"},
		{text: "365", message: "it is not a duration"},
		{text: "-1h", message: "it is not a duration"},
		{text: "2d-1h", message: "it is not a duration"},
		{text: "+1d", message: "it is not a duration"},
		{text: "d", message: "a number is missing before d"},
		{text: "30d1y", message: "it is not a duration"},
		{text: "1d1d", message: "it is not a duration"},
		{text: "293y", message: "longer than 292 years"},
		{text: "292y200d", message: "longer than 292 years"},
		{text: "106751d23h48m", message: "longer than 292 years"},
		{text: "99999999999999999999d", message: "longer than 292 years"},
		{text: "tomorrow", message: `duration "tomorrow": it is not a duration`},
	} {
		t.Run(test.text, func(t *testing.T) {
			got, err := ParseDuration(test.text)
			mustFail(t, err, test.message)
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func FuzzParseDuration(f *testing.F) {
	for _, seed := range []string{"1y30d", "90m", "292y200d", "-1h", "d", "1d1h"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		length, err := ParseDuration(text)
		if (err == nil) != (length > 0) {
			t.Fatalf("%q is %s with the error %v", text, length, err)
		}
		if again, err2 := ParseDuration(length.String()); err == nil && again != length {
			t.Fatalf("%q is %s, which is read as %s (%v)", text, length, again, err2)
		}
	})
}
