package plugin

import ("testing";"os";"time")

func TestZZServe(t *testing.T) {
	if os.Getenv("ZZ") == "" { t.Skip() }
	api := fleetOf(t, "healthy", 1000)
	b,_ := os.ReadFile(api.Kubeconfig())
	os.WriteFile("/tmp/fleet.kubeconfig", b, 0600)
	time.Sleep(2*time.Hour)
}
