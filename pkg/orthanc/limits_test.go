package orthanc

import (
	"fmt"
	"strings"
	"testing"
)

func show(n *int64) string {
	if n == nil {
		return "?"
	}
	return fmt.Sprint(*n)
}

func TestLimits(t *testing.T) {
	for _, c := range []struct {
		about       string
		files       []string
		environment map[string]string
		want        string // patients, size, rejects; or the error
	}{
		{about: "nothing set", files: []string{`{}`}, want: "0 0 false"},
		{about: "both", files: []string{`{"MaximumPatientCount": 100, "MaximumStorageSize": 2000}`}, want: "100 2000 false"},
		{about: "it rejects", files: []string{`{"MaximumPatientCount": 5, "MaximumStorageMode": "Reject"}`}, want: "5 0 true"},
		{about: "comments", files: []string{"{ // 5 // \"x\n\"MaximumPatientCount\" /* was 7 */ : 5,\n\"Name\": \"http://a /* b\\\" */\" }"}, want: "5 0 false"},
		{about: "a comment without an end", files: []string{`{ /* "MaximumPatientCount": 5 }`}, want: "not JSON"},
		{about: "two files", files: []string{`{"MaximumPatientCount": 5}`, `{"MaximumStorageSize": 6}`}, want: "5 6 false"},
		{about: "twice", files: []string{`{"MaximumPatientCount": 5}`, `{"MaximumPatientCount": 6}`}, want: `"MaximumPatientCount" is in two files`},
		{about: "a variable that is known", files: []string{`{"MaximumPatientCount": ${COUNT}}`}, environment: map[string]string{"COUNT": "9"}, want: "9 0 false"},
		{about: "a variable with a default", files: []string{`{"MaximumPatientCount": ${COUNT:-8}}`}, environment: map[string]string{}, want: "8 0 false"},
		{about: "a variable that is not known, elsewhere", files: []string{`{"Password": "${DB}", "MaximumStorageSize": 3}`}, want: "0 3 false"},
		{about: "a limit that is not known", files: []string{`{"MaximumPatientCount": "${COUNT}"}`}, want: "? 0 false"},
		{about: "a default where the environment is not known", files: []string{`{"MaximumPatientCount": "${COUNT:-8}"}`}, want: "? 0 false"},
		{about: "a number in quotes", files: []string{`{"MaximumPatientCount": "7"}`}, want: "7 0 false"},
		{about: "no number", files: []string{`{"MaximumPatientCount": -1, "MaximumStorageSize": 1.5}`}, want: "? ? false"},
		{about: "variables are settings", files: []string{`{}`}, environment: map[string]string{"ORTHANC__MAXIMUM_PATIENT_COUNT": "10"}, want: "10 0 false"},
		{about: "a variable and a file agree", files: []string{`{"MaximumPatientCount": 5, "MaximumStorageMode": "Reject"}`},
			environment: map[string]string{"ORTHANC__MAXIMUM_PATIENT_COUNT": "5", "ORTHANC__MAXIMUM_STORAGE_MODE": "Reject"}, want: "5 0 true"},
		{about: "a variable and a file differ", files: []string{`{"MaximumPatientCount": 5, "MaximumStorageMode": "Reject"}`},
			environment: map[string]string{"ORTHANC__MAXIMUM_PATIENT_COUNT": "0", "ORTHANC__MAXIMUM_STORAGE_MODE": "Recycle"}, want: "? 0 false"},
		{about: "a variable alone rejects nothing", files: []string{`{}`}, environment: map[string]string{"ORTHANC__MAXIMUM_STORAGE_MODE": "Reject"}, want: "0 0 false"},
		{about: "no JSON", files: []string{`MaximumPatientCount=5 secret`}, want: "not JSON, at byte 1"},
		{about: "no object", files: []string{`[5]`}, want: "not a JSON object"},
	} {
		t.Run(c.about, func(t *testing.T) {
			config := Configuration{}
			var err error
			for _, file := range c.files {
				if err == nil {
					err = config.Add([]byte(file), c.environment)
				}
			}
			l := config.Limits(c.environment)
			got := fmt.Sprintf("%s %s %t", show(l.Patients), show(l.Size), l.Rejects)
			if err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, c.want) || strings.Contains(got, "secret") {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func limits(patients, size int64) Limits { return Limits{Patients: &patients, Size: &size} }

func TestEvicts(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		about     string
		limits    Limits
		has, more Contents
		want      string
	}{
		{about: "no limits", limits: limits(0, 0), has: Contents{1e9, 1 << 50}, more: Contents{1, 1}},
		{about: "not known", limits: Limits{}, want: "not known whether"},
		{about: "one is not known", limits: Limits{Patients: new(int64)}, want: "not known whether"},
		{about: "room for a patient, and one to spare", limits: limits(10, 0), has: Contents{Patients: 8}, more: Contents{Patients: 1}},
		{about: "room for a patient alone", limits: limits(10, 0), has: Contents{Patients: 9}, more: Contents{Patients: 1}, want: "at most 10 patients, has 9"},
		{about: "a twentieth is kept free", limits: limits(1000, 0), has: Contents{Patients: 950}, more: Contents{Patients: 1}, want: "MaximumPatientCount"},
		{about: "more than a twentieth is free", limits: limits(1000, 0), has: Contents{Patients: 949}, more: Contents{Patients: 1}},
		{about: "one patient", limits: limits(1, 0), more: Contents{Patients: 1}, want: "at most 1 patient,"},
		{about: "room on disk", limits: limits(0, 100), has: Contents{Bytes: 94 * mib}, more: Contents{1, mib / 2}},
		{about: "no room on disk", limits: limits(0, 100), has: Contents{Bytes: 95 * mib}, more: Contents{1, mib / 2}, want: "at most 100 MB, has 95 MB"},
		{about: "it rejects", limits: Limits{Patients: limits(1, 1).Patients, Size: limits(1, 1).Size, Rejects: true}, has: Contents{5, 5 * mib}, more: Contents{1, 1}},
	} {
		t.Run(c.about, func(t *testing.T) {
			if got := c.limits.Evicts(c.has, c.more); !strings.Contains(got, c.want) || (got == "") != (c.want == "") {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestOr(t *testing.T) {
	five := int64(5)
	got := Limits{Patients: &five}.Or(limits(7, 8))
	if *got.Patients != 5 || *got.Size != 8 || !got.Known() || got.Rejects {
		t.Errorf("%+v", got)
	}
}

// FuzzAdd reads arbitrary files, and checks that errors do not quote them.
func FuzzAdd(f *testing.F) {
	f.Add([]byte("{ // a\n\"MaximumPatientCount\": ${X:-5} /* b */ }"))
	f.Add([]byte(`{"a": "\"//`))
	f.Fuzz(func(t *testing.T, file []byte) {
		if n := len(WithoutComments(file)); n != len(file) {
			t.Errorf("%d bytes of %d", n, len(file))
		}
		config := Configuration{}
		if err := config.Add(file, map[string]string{"X": "1\"2"}); err != nil && len(err.Error()) > 100 && !strings.Contains(err.Error(), "in two files") {
			t.Error(err)
		}
		config.Limits(nil)
	})
}

func TestStorageCache(t *testing.T) {
	const variable = "ORTHANC__MAXIMUM_STORAGE_CACHE_SIZE"
	for _, c := range []struct {
		file        string
		environment map[string]string
		want        string
	}{
		{file: `{}`, want: "128"},
		{file: `{"MaximumStorageCacheSize": 0}`, want: "0"},
		{file: `{"MaximumStorageCacheSize": "64"}`, want: "64"},
		{file: `{"MaximumStorageCacheSize": ${CACHE}}`, want: "?"},
		{file: `{}`, environment: map[string]string{variable: "32"}, want: "32"},
		{file: `{"MaximumStorageCacheSize": 64}`, environment: map[string]string{variable: "32"}, want: "?"},
		{file: `{}`, environment: map[string]string{variable: UnknownValue}, want: "?"},
	} {
		configuration := Configuration{}
		if err := configuration.Add([]byte(c.file), nil); err != nil {
			t.Fatal(err)
		}
		if got := show(configuration.StorageCache(c.environment)); got != c.want {
			t.Errorf("%s with %v: %s, want %s", c.file, c.environment, got, c.want)
		}
	}
}
