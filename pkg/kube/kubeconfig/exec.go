package kubeconfig

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/pkg/apis/clientauthentication"
	"k8s.io/client-go/pkg/apis/clientauthentication/install"
	"k8s.io/client-go/rest"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
	"github.com/digihunch/kubectl-orthweb/pkg/redact/mask"
)

const (
	// infoVariable is the environment variable that plugins read (k8s.io/client-go v0.36,
	// plugin/pkg/client/auth/exec).
	infoVariable = "KUBERNETES_EXEC_INFO"
	// maxOutput bounds what is kept of a plugin's output, in bytes.
	maxOutput = 1 << 20
	// outputDelay is how long the output of a plugin that has ended is still read: a program that it
	// started in the background may keep it open.
	outputDelay = 500 * time.Millisecond
)

// credentialCodecs decode what plugins print.
var credentialCodecs = func() serializer.CodecFactory {
	scheme := runtime.NewScheme()
	install.Install(scheme)
	return serializer.NewCodecFactory(scheme)
}()

// authenticate gets the credentials from the exec plugin of the user, and replaces the plugin by them.
//
// client-go runs plugins itself, but without a context: one that does not end would keep the call
// waiting, and outlive it. client-go also gives them the terminal, for which the plugins of several
// clusters would compete.
func authenticate(ctx context.Context, config *rest.Config, name string) error {
	plugin := config.ExecProvider
	config.ExecProvider = nil
	if plugin == nil || hasCredentials(config) { // client-go also prefers these
		return nil
	}
	alone := "to answer its prompt, run the command for this cluster alone, with --context=" + escape.ShellWord(name)
	if plugin.InteractiveMode == clientcmdapi.AlwaysExecInteractiveMode {
		return fmt.Errorf("the exec plugin %s requires a terminal, which several clusters can't share; %s", plugin.Command, alone)
	}
	info := clientauthentication.ExecCredential{}
	if plugin.ProvideClusterInfo {
		config.ExecProvider = plugin // which has a part of it
		cluster, err := rest.ConfigToExecCluster(config)
		config.ExecProvider = nil
		if err != nil {
			return fmt.Errorf("running the exec plugin %s: %w", plugin.Command, err)
		}
		info.Spec.Cluster = cluster
	}
	output, errs, err := run(ctx, plugin, &info)
	said := mask.Mask(request.OneLine(lastLine(errs)))
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("the exec plugin %s did not end%s; %s: %w", plugin.Command, after(said), alone, ctx.Err())
	case errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("the exec plugin %s was not found%s", plugin.Command, after(request.OneLine(plugin.InstallHint)))
	case err != nil:
		return fmt.Errorf("the exec plugin %s failed: %w%s; if it prompts: %s", plugin.Command, err, after(said), alone)
	}
	if err := use(config, plugin, output); err != nil {
		return fmt.Errorf("the exec plugin %s: %w", plugin.Command, err)
	}
	return nil
}

// hasCredentials reports whether the user has credentials without a plugin.
func hasCredentials(c *rest.Config) bool {
	certificate := (len(c.CertData) > 0 || c.CertFile != "") && (len(c.KeyData) > 0 || c.KeyFile != "")
	return c.BearerToken != "" || c.BearerTokenFile != "" || c.Username != "" || certificate
}

// after adds a text to a sentence, if there is one.
func after(text string) string {
	if text == "" {
		return ""
	}
	return ": " + text
}

// run runs the plugin, without standard input and without a terminal, and returns its output. When
// ctx ends, the plugin ends, with the programs that it started.
func run(ctx context.Context, plugin *clientcmdapi.ExecConfig, info *clientauthentication.ExecCredential) (output, errs []byte, err error) {
	version, err := schema.ParseGroupVersion(plugin.APIVersion)
	if err != nil {
		return nil, nil, err
	}
	text, err := runtime.Encode(credentialCodecs.LegacyCodec(version), info)
	if err != nil {
		return nil, nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	cmd := exec.CommandContext(ctx, filepath.Clean(plugin.Command), plugin.Args...)
	cmd.Env = os.Environ()
	for _, variable := range plugin.Env {
		cmd.Env = append(cmd.Env, variable.Name+"="+variable.Value)
	}
	cmd.Env = append(cmd.Env, infoVariable+"="+string(text))
	var out, complaints bounded
	cmd.Stdout, cmd.Stderr = &out, &complaints
	cmd.WaitDelay = outputDelay
	withoutTerminal(cmd)
	err = cmd.Run()
	if errors.Is(err, exec.ErrWaitDelay) { // it succeeded, and left a program in the background
		err = nil
	}
	return out.Bytes(), complaints.Bytes(), err
}

// use puts the credentials that the plugin printed into the connection.
func use(config *rest.Config, plugin *clientcmdapi.ExecConfig, output []byte) error {
	version, err := schema.ParseGroupVersion(plugin.APIVersion)
	if err != nil {
		return err
	}
	credential := &clientauthentication.ExecCredential{}
	_, kind, err := credentialCodecs.UniversalDecoder(clientauthentication.SchemeGroupVersion).Decode(output, nil, credential)
	switch {
	case err != nil: // the error may quote the output, which has the credentials
		return errors.New("its output is not an ExecCredential")
	case kind.GroupVersion() != version:
		return fmt.Errorf("its output is of %s, not of %s, as in the kubeconfig", kind.GroupVersion(), version)
	case credential.Status == nil:
		return errors.New("its output has no credentials (status)")
	}
	status := credential.Status
	switch {
	case (status.ClientCertificateData == "") != (status.ClientKeyData == ""):
		return errors.New("its output has a certificate or a key, but not both")
	case status.Token == "" && status.ClientKeyData == "":
		return errors.New("its output has neither a token nor a certificate")
	}
	config.BearerToken = status.Token
	if status.ClientKeyData != "" {
		config.CertData, config.KeyData = []byte(status.ClientCertificateData), []byte(status.ClientKeyData)
	}
	return nil
}

// bounded keeps the first bytes that are written to it, and accepts the others.
type bounded struct{ bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	_, _ = b.Buffer.Write(p[:min(len(p), max(0, maxOutput-b.Len()))]) // a Buffer accepts all writes
	return len(p), nil
}

// lastLine is the last line that is not empty.
func lastLine(text []byte) string {
	lines := strings.FieldsFunc(string(text), func(c rune) bool { return c == '\n' || c == '\r' })
	for i := len(lines) - 1; i >= 0; i-- {
		if line := strings.TrimSpace(lines[i]); line != "" {
			return line
		}
	}
	return ""
}
