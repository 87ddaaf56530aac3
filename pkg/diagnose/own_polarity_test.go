package diagnose

import (
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/selfreport"
)

// TestPolarity has types of conditions of real controllers.
func TestPolarity(t *testing.T) {
	for want, kinds := range map[selfreport.Polarity][]string{
		selfreport.Wanted: {"Ready", "ControlPlaneReady", "AllReplicasReady", "LastBackupSucceeded", "ResolvedRefs", "NoWarnings", "ResourcesUpToDate",
			"argoproj.io/Healthy", "NamesAccepted"},
		selfreport.Goal:    {"Complete", "ControlPlaneInitialized", "Installed", "JobCompleted"},
		selfreport.Fault:   {"MemoryPressure", "SyncError", "NotReady", "ErrorOccurred", "InvalidRequest", "FrequentKubeletRestart", "CatalogSourcesUnhealthy", "Degraded"},
		selfreport.Working: {"Reconciling", "Resizing"},
		selfreport.Halted:  {"Suspended", "Paused"},
		selfreport.Neutral: {"Progressing", "Active", "LiveMigratable", "EtcdIsVoter", "Synchronizing", "ScalingLimited", "Drifted", "NotStarted", "", "leader"},
	} {
		for _, kind := range kinds {
			if got := selfreport.PolarityOf(kind); got != want {
				t.Errorf("%s has polarity %d, want %d", kind, got, want)
			}
		}
	}
}

// TestReasons has reasons that tell failure, progress, or neither.
func TestReasons(t *testing.T) {
	for _, c := range []struct {
		reason            string
		failure, progress bool
	}{
		{"Creating", false, true}, {"WaitingForInfrastructure", false, true}, {"ReconcileError", true, false}, {"SecretSyncedError", true, false},
		{"BackendNotFound", true, false}, {"ImagePullBackOff", true, false}, {"ProgressingWithRetry", false, true}, {"UpdateFailed", true, false},
		{"ClusterIsReady", false, false}, {"", false, false},
	} {
		if selfreport.TellsFailure(c.reason) != c.failure || selfreport.TellsProgress(c.reason) != c.progress {
			t.Errorf("%q tells failure %t and progress %t", c.reason, selfreport.TellsFailure(c.reason), selfreport.TellsProgress(c.reason))
		}
	}
}
