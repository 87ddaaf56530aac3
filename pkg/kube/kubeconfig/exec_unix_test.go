//go:build !windows

package kubeconfig

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

const version = "client.authentication.k8s.io/v1"

// withPlugin is a kubeconfig with the context c, whose user's exec plugin is a shell script.
func withPlugin(script string, mode clientcmdapi.ExecInteractiveMode) Config {
	if mode == "" {
		mode = clientcmdapi.IfAvailableExecInteractiveMode
	}
	config := *clientcmdapi.NewConfig()
	config.Contexts["c"] = &clientcmdapi.Context{Cluster: "c", AuthInfo: "u"}
	config.Clusters["c"] = &clientcmdapi.Cluster{Server: "https://127.0.0.1:1"}
	config.AuthInfos["u"] = &clientcmdapi.AuthInfo{Exec: &clientcmdapi.ExecConfig{
		Command: "/bin/sh", Args: []string{"-c", script}, APIVersion: version, InteractiveMode: mode,
		Env: []clientcmdapi.ExecEnvVar{{Name: "FROM_CONFIG", Value: "x"}}, ProvideClusterInfo: true,
	}}
	return config
}

func credential(status string) string {
	return `printf '{"apiVersion":"` + version + `","kind":"ExecCredential","status":` + status + `}'`
}

func TestExecPlugin(t *testing.T) {
	for _, c := range []struct {
		about, script string
		mode          clientcmdapi.ExecInteractiveMode
		token, err    string
	}{
		{about: "a token", script: credential(`{"token":"t"}`), token: "t"},
		{about: "with the environment", script: `test "$FROM_CONFIG" = x && echo "$KUBERNETES_EXEC_INFO" | grep -q '"server":"https://127.0.0.1:1"' && echo "$KUBERNETES_EXEC_INFO" | grep -q '"interactive":false' && ` + credential(`{"token":"t"}`), token: "t"},
		{about: "without a terminal", script: `if read line || (: </dev/tty) 2>/dev/null; then exit 1; fi; ` + credential(`{"token":"t"}`), token: "t"},
		{about: "leaves a program in the background", script: `sleep 60 & echo $! >"$BACKGROUND"; ` + credential(`{"token":"t"}`), token: "t"},
		{about: "requires a terminal", script: "echo started; exit 0", mode: clientcmdapi.AlwaysExecInteractiveMode, err: "requires a terminal, which several clusters can't share; to answer its prompt, run the command for this cluster alone, with --context=c"},
		{about: "fails", script: "echo first >&2; echo 'please log in' >&2; exit 3", err: "failed: exit status 3: please log in; if it prompts: to answer its prompt, run the command for this cluster alone, with --context=c"},
		{about: "prints no JSON", script: "echo s3cr3t", err: "its output is not an ExecCredential"},
		{about: "prints another version", script: strings.ReplaceAll(credential(`{"token":"t"}`), "v1", "v1beta1"), err: "its output is of client.authentication.k8s.io/v1beta1, not of client.authentication.k8s.io/v1"},
		{about: "prints no status", script: credential("null"), err: "its output has no credentials"},
		{about: "prints no credentials", script: credential("{}"), err: "neither a token nor a certificate"},
		{about: "prints half a pair", script: credential(`{"clientKeyData":"k"}`), err: "a certificate or a key, but not both"},
		{about: "prints much", script: `head -c 3000000 /dev/zero`, err: "its output is not an ExecCredential"},
	} {
		background := filepath.Join(t.TempDir(), "pid")
		t.Setenv("BACKGROUND", background)
		config, err := Connect(t.Context(), withPlugin(c.script, c.mode), "c", Flags{})
		if pid, readErr := os.ReadFile(background); readErr == nil {
			if number, err := strconv.Atoi(strings.TrimSpace(string(pid))); err == nil {
				_ = syscall.Kill(number, syscall.SIGKILL)
			}
		}
		switch {
		case c.err != "":
			if err == nil || !strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("%s: got %v, want %s", c.about, err, c.err)
			}
		case err != nil:
			t.Errorf("%s: %v", c.about, err)
		case config.BearerToken != c.token || config.ExecProvider != nil:
			t.Errorf("%s: the token is %q, the plugin %v", c.about, config.BearerToken, config.ExecProvider)
		}
	}
	missing := withPlugin("", clientcmdapi.NeverExecInteractiveMode)
	missing.AuthInfos["u"].Exec.Command, missing.AuthInfos["u"].Exec.InstallHint = "no-such-plugin", "Install it:\n see https://example.com"
	if _, err := Connect(t.Context(), missing, "c", Flags{}); err == nil || err.Error() != "the exec plugin no-such-plugin was not found: Install it:  see https://example.com" {
		t.Errorf("got %v", err)
	}
	token := withPlugin("exit 1", clientcmdapi.NeverExecInteractiveMode)
	token.AuthInfos["u"].Token = "own"
	if config, err := Connect(t.Context(), token, "c", Flags{}); err != nil || config.BearerToken != "own" || config.ExecProvider != nil {
		t.Errorf("a user with a token: %v", err)
	}
}

// TestExecPluginThatHangs checks that a plugin ends with the context, with the programs that it started,
// also those that ignore other signals.
func TestExecPluginThatHangs(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pids")
	script := `trap '' TERM INT HUP; echo 'Open https://login.example.com' >&2; sleep 1000 & echo $$ $! >` + pids + `; wait; sleep 1000`
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, err := Connect(ctx, withPlugin(script, clientcmdapi.IfAvailableExecInteractiveMode), "c", Flags{})
		done <- err
	}()
	var started []string
	for len(started) < 2 {
		text, _ := os.ReadFile(pids)
		started = strings.Fields(string(text))
		time.Sleep(10 * time.Millisecond)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "did not end: Open https://login.example.com; to answer its prompt") {
		t.Errorf("got %v", err)
	}
	for _, pid := range started {
		number, err := strconv.Atoi(pid)
		if err != nil {
			t.Fatal(err)
		}
		for alive(number) {
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// alive reports whether a process runs. One that has ended, and whose parent has not noticed it, does
// not.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || !strings.Contains(string(stat), ") Z ")
}

// TestConnect checks which flags apply to the connection, and that nothing prompts.
func TestConnect(t *testing.T) {
	config := withPlugin("", "")
	config.AuthInfos["u"] = &clientcmdapi.AuthInfo{}
	got, err := Connect(t.Context(), config, "c", Flags{RequestTimeout: "7s", As: "a", AsUID: "i", AsGroups: []string{"g"}, AsExtra: map[string][]string{"k": {"v"}}, DisableCompression: true})
	if err != nil || got.Timeout != 7*time.Second || got.Impersonate.UserName != "a" || got.Impersonate.UID != "i" || got.Impersonate.Groups[0] != "g" || got.Impersonate.Extra["k"][0] != "v" || !got.DisableCompression {
		t.Errorf("got %+v, %v", got, err)
	}
	config.Clusters["c"].Server = ""
	if _, err := Connect(t.Context(), config, "c", Flags{}); err == nil || !strings.Contains(err.Error(), "has no server") {
		t.Errorf("without a server: %v", err)
	}
	if err := CheckTimeout("a while"); err == nil {
		t.Error("a wrong timeout was accepted")
	}
}

// TestSharedUser checks that contexts with the same user, connected at the same time, each give its
// plugin the configuration of their own cluster.
func TestSharedUser(t *testing.T) {
	script := `echo "$KUBERNETES_EXEC_INFO" | sed -n 's/.*"audience":"\([a-z0-9]*\)".*/{"apiVersion":"client.authentication.k8s.io\/v1","kind":"ExecCredential","status":{"token":"\1"}}/p'`
	config := withPlugin(script, "")
	for i := range 8 {
		name := fmt.Sprintf("c%d", i)
		config.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: "u"}
		config.Clusters[name] = &clientcmdapi.Cluster{Server: "https://127.0.0.1:1", Extensions: map[string]runtime.Object{
			"client.authentication.k8s.io/exec": &runtime.Unknown{Raw: []byte(`{"audience":"` + name + `"}`), ContentType: runtime.ContentTypeJSON},
		}}
	}
	var running sync.WaitGroup
	for i := range 8 {
		running.Go(func() {
			name := fmt.Sprintf("c%d", i)
			connection, err := Connect(t.Context(), config, name, Flags{})
			if err != nil {
				t.Error(err)
				return
			}
			if connection.BearerToken != name {
				t.Errorf("%s has the credentials of %q", name, connection.BearerToken)
			}
		})
	}
	running.Wait()
	if config.AuthInfos["u"].Exec.Config != nil {
		t.Error("the kubeconfig was changed")
	}
}
