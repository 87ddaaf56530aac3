package selfreport

import "testing"

// TestPolarity covers types of conditions of real controllers.
func TestPolarity(t *testing.T) {
	for want, kinds := range map[polarity][]string{
		wanted: {"Ready", "ControlPlaneReady", "AllReplicasReady", "LastBackupSucceeded", "ResolvedRefs", "NoWarnings", "ResourcesUpToDate",
			"argoproj.io/Healthy", "NamesAccepted"},
		goal:    {"Complete", "ControlPlaneInitialized", "Installed", "JobCompleted"},
		fault:   {"MemoryPressure", "SyncError", "NotReady", "ErrorOccurred", "InvalidRequest", "FrequentKubeletRestart", "CatalogSourcesUnhealthy", "Degraded"},
		working: {"Reconciling", "Resizing"},
		halted:  {"Suspended", "Paused"},
		neutral: {"Progressing", "Active", "LiveMigratable", "EtcdIsVoter", "Synchronizing", "ScalingLimited", "Drifted", "NotStarted", "", "leader"},
	} {
		for _, kind := range kinds {
			if got := polarityOf(kind); got != want {
				t.Errorf("%s has polarity %d, want %d", kind, got, want)
			}
		}
	}
}

// TestReasons covers reasons that mean failure, progress, or neither.
func TestReasons(t *testing.T) {
	for _, c := range []struct {
		reason            string
		failure, progress bool
	}{
		{"Creating", false, true}, {"WaitingForInfrastructure", false, true}, {"ReconcileError", true, false}, {"SecretSyncedError", true, false},
		{"BackendNotFound", true, false}, {"ImagePullBackOff", true, false}, {"ProgressingWithRetry", false, true}, {"UpdateFailed", true, false},
		{"ClusterIsReady", false, false}, {"", false, false},
	} {
		if tellsFailure(c.reason) != c.failure || tellsProgress(c.reason) != c.progress {
			t.Errorf("%q tells failure %t and progress %t", c.reason, tellsFailure(c.reason), tellsProgress(c.reason))
		}
	}
}
