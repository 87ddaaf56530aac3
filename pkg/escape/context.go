package escape

import "strings"

// InContext returns a command line for the cluster of a kubeconfig's context: each kubectl, flux and
// cmctl in it gets --context, and helm --kube-context. Text in quotes is not changed.
func InContext(command, context string) string {
	flag := " --context=" + ShellWord(context)
	var out strings.Builder
	begins := true // a program's name is next
	for i := 0; i < len(command); {
		if begins {
			begins = false
			if command[i] == ' ' {
				begins = true
			} else if name := programAt(command[i:]); name != "" {
				out.WriteString(name)
				if name == "helm" {
					out.WriteString(" --kube-context=" + ShellWord(context))
				} else {
					out.WriteString(flag)
				}
				i += len(name)
				continue
			}
		}
		end := i + quoted(command[i:])
		begins = begins || end == i+1 && strings.IndexByte("|&;", command[i]) >= 0
		out.WriteString(command[i:end])
		i = end
	}
	return out.String()
}

// programs are those that take the context after their name; that of a plugin is two words.
var programs = []string{"kubectl orthweb", "kubectl", "flux", "helm"}

// withoutCluster are commands of helm that need no cluster.
var withoutCluster = []string{"helm show ", "helm template ", "helm pull ", "helm repo ", "helm registry "}

// programAt is the program of the command that a text begins with, with cmctl's subcommand, whose flags
// do not precede it; empty for others.
func programAt(text string) string {
	for _, command := range withoutCluster {
		if strings.HasPrefix(text, command) {
			return ""
		}
	}
	for _, name := range programs {
		if strings.HasPrefix(text, name+" ") {
			return name
		}
	}
	words := strings.Fields(text)
	if len(words) > 2 && words[0] == "cmctl" {
		at := strings.Index(text, words[1]) + len(words[1])
		if words[1] == "status" { // of which there is one for each kind
			at += strings.Index(text[at:], words[2]) + len(words[2])
		}
		return text[:at]
	}
	return ""
}

// quoted is the length of the quoted text or of the escaped character that a text begins with, one if
// it begins with neither.
func quoted(text string) int {
	switch text[0] {
	case '\\':
		return min(2, len(text))
	case '\'', '"':
		if end := strings.IndexByte(text[1:], text[0]); end >= 0 {
			return end + 2
		}
		return len(text)
	}
	return 1
}
