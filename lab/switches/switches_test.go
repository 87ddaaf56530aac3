package switches

import (
	"strings"
	"testing"
)

func TestTurn(t *testing.T) {
	dir := t.TempDir()
	for _, step := range []bool{false, true, true, false, false} {
		if err := Turn(dir, NoCloud, step); err != nil {
			t.Fatal(err)
		}
		if On(dir, NoCloud) != step || On(dir, GitCredentials) {
			t.Errorf("turned %v: %v, the other %v", step, On(dir, NoCloud), On(dir, GitCredentials))
		}
	}
	if err := Turn(dir, "nonsense", true); err == nil || !strings.Contains(err.Error(), NoCloud) {
		t.Errorf("an unknown switch: %v", err)
	}
}
