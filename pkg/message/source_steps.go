package message

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

// sourceStep are the texts that source-controller 1.9.5 adds before an error, step by
// step.
var sourceStep = match.Wording(`^(?:failed to (?:` + strings.Join([]string{
	`checkout and determine revision`,
	`fetch Helm repository index`,
	`load Helm repository from index YAML`,
	`construct Helm client`,
	`authenticate with the Helm repository`,
	`determine (?:the )?artifact (?:tag|digest)`,
	`pull artifact from`,
	`verify the signature`,
	`get (?:authentication |TLS authentication |STS )?secret`,
	`get credential`,
	`configure (?:authentication|proxy) options`,
	`generate transport for`,
	`get (?:STS )?TLS config`,
	`get proxy (?:address|URL)`,
	`create (?:temporary working|artifact) directory`,
	`stat (?:target artifact|source) path`,
	`acquire lock for artifact`,
	`extract layer contents`,
	`create file to copy layer`,
	`copy layer from artifact`,
	`parse artifact manifest`,
	`get Etag for`,
	`sparse checkout directories`,
	`create Git client`,
	`parse url`,
	`confirm existence of`,
	`download chart`,
}, "|") + `)|` + strings.Join([]string{
	`chart pull error: `,
	`invalid chart reference: `,
	`chart verification error: `,
	`dependency build error: `,
	`unable to (?:clone|list remote for|get source) '`,
	`URL validation failed for`,
	`invalid (?:Helm repository|OCI registry) URL: `,
	`signature verification of `,
	`cannot verify signature of `,
	`PGP signature detected`,
	`fetch from bucket `,
	`bucket '`,
	`indexation of objects from bucket `,
	`git repository is empty`,
	`unable to (?:archive|save) artifact to storage: `,
	`SSH identity key is encrypted`,
	`secretRef (?:'[^'\n]*' has|with) github app data`,
	`secret '`,
	`could not get Source object: `,
	`unknown build error: `,
	`looks like "`,
}, "|") + `)`)
