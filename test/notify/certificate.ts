/**
 * A certificate for `hooks.example` that is its own authority, valid for a hundred years, and its key. Made
 * for these tests alone: whoever has the key can be `hooks.example` to nobody else.
 */
export const certificate = `-----BEGIN CERTIFICATE-----
MIIBoDCCAUegAwIBAgIUDlObrs81cIKZWAeiCprMaATsD3swCgYIKoZIzj0EAwIw
GDEWMBQGA1UEAwwNaG9va3MuZXhhbXBsZTAgFw0yNjExMjgxMjQyNTNaGA8yMTI2
MTEwNDEyNDI1M1owGDEWMBQGA1UEAwwNaG9va3MuZXhhbXBsZTBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABCOTSjWnwQdRzjMu5BRvpoo3/O4AlCXWZ37dd3H837wt
SL1J3KnbIHqZCIlcy+1uZgbHJ5rsrwCbE4WxzUrT2qCjbTBrMB0GA1UdDgQWBBTp
TSwPjVdFwlPVg+AH7hlKyEvODzAfBgNVHSMEGDAWgBTpTSwPjVdFwlPVg+AH7hlK
yEvODzAPBgNVHRMBAf8EBTADAQH/MBgGA1UdEQQRMA+CDWhvb2tzLmV4YW1wbGUw
CgYIKoZIzj0EAwIDRwAwRAIgS2LlMJSd7Dj46VOJvgWKhmOfNn7ooUpuJQNyfxcs
V3MCIAJIByeJyW7xmuBWMTf0I3py8Yt535Ij60En2PL/zoe/
-----END CERTIFICATE-----
`;

export const privateKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgOvUo3Xg4OUvEOegB
vIsXLXmJkwLpH7vCuQkEYltLfryhRANCAAQjk0o1p8EHUc4zLuQUb6aKN/zuAJQl
1md+3Xdx/N+8LUi9Sdyp2yB6mQiJXMvtbmYGxyea7K8AmxOFsc1K09qg
-----END PRIVATE KEY-----
`;
