/** A Git object as it is stored, and its hash. */
export interface RawObject {
  readonly type: "commit" | "tag";
  readonly hash: string;
  readonly content: string;
}

/** The one file of the commits below, by the value in it. */
export const signedFile = (value: string): Record<string, string> => ({
  "app/a.yaml": `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {"value":"${value}"}\n`,
});

/** Commits and tags that Git signed with keys made for this test alone. */
export const signedObjects = {
  /** Value 1, by the PGP key. */
  pgp: {
    type: "commit",
    hash: "78aa0cb86a5563f01d5d190a7fc5fbc6dff628cc",
    content: `tree 8ca3ef0a9c3520bb956f248c30137f7de4869139
author Ada <ada@example.org> 1700000000 +0000
committer Ada <ada@example.org> 1700000000 +0000
gpgsig -----BEGIN PGP SIGNATURE-----
 ${""}
 iHUEABYIAB0WIQRipwYFpF3ffQUZba1aLXFFubMRBgUCZVPxAAAKCRBaLXFFubMR
 BjGLAQDGjw8T24zZHOFmy09NHzkE0JsN37aTFJztnIGTEsXDDgD+KWTSS0d2FwaL
 WXTiZ/pq01e/werU9DoQO4T2JlJplAk=
 =d4BF
 -----END PGP SIGNATURE-----

Set the value to 1

Ä is a letter.
`,
  },
  /** Value 2, by another PGP key. */
  stranger: {
    type: "commit",
    hash: "0935423b66a6fdd8e4f6b4c8910d5aa929b9bd49",
    content: `tree 113dca32bb6232dd1d493c482bd20852a29fff31
author Ada <ada@example.org> 1700000000 +0000
committer Ada <ada@example.org> 1700000000 +0000
gpgsig -----BEGIN PGP SIGNATURE-----
 ${""}
 iHUEABYIAB0WIQTW0Qyqp83mOQNO9ZO+RFqesmWtAAUCZVPxAAAKCRC+RFqesmWt
 ADKbAP9bt+YMeJC8ZMnqsW0kzO/VVtZRB9fF+EfwHT3UfJxB7AD9H97DRqZdaSR3
 Sc8FzdGgzqnk//LbavrwSJXRhiY9pAQ=
 =OylR
 -----END PGP SIGNATURE-----

Set the value to 2

Ä is a letter.
`,
  },
  /** Value 3, by the SSH key (Ed25519). */
  ssh: {
    type: "commit",
    hash: "ec45707870d024c215e462e389ff3c935696a422",
    content: `tree 99b16333d5449fceb3a8a5d05c9d41fae6295cf2
author Ada <ada@example.org> 1700000000 +0000
committer Ada <ada@example.org> 1700000000 +0000
gpgsig -----BEGIN SSH SIGNATURE-----
 U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAggWS+rSeuyE+NS9Qf1M3Rit47rx
 DIoniQ+/sMNDcqyT4AAAADZ2l0AAAAAAAAAAZzaGE1MTIAAABTAAAAC3NzaC1lZDI1NTE5
 AAAAQBtg7cg1QdZqvKa1xwHn7MrARF4FZu5t+OwHs6/2hzgTLDAVzd9G3SXtM3vw4Eu8uW
 JQ71lu75rW1BEbTtHlDQU=
 -----END SSH SIGNATURE-----

Set the value to 3

Ä is a letter.
`,
  },
  /** Value 1, by an RSA key. */
  rsa: {
    type: "commit",
    hash: "164393a2f199a6f522e1352123d5be720e77e50e",
    content: `tree 8ca3ef0a9c3520bb956f248c30137f7de4869139
author Ada <ada@example.org> 1700000000 +0000
committer Ada <ada@example.org> 1700000000 +0000
gpgsig -----BEGIN SSH SIGNATURE-----
 U1NIU0lHAAAAAQAAARcAAAAHc3NoLXJzYQAAAAMBAAEAAAEBAKvyjGxzx/HDg8EbbrIP4+
 ilTMR8kMzsynCrQlP56DDolM09q9MSO6O0NU18MVls3AUFzRs6eFcm2sAkTzZapMiXtUoF
 wjCRK2o1Ax9B9wGLOuIX6BBlMIR8QUgmL0wfPwM00JI9SQgbGcP91YaXN2qhR2ZrOhIEic
 BjdcyCs+1u/5H0cQyL/LSj+B5Zttm0MvhYvrQgh+ZUwZN+0+RzODfA2SYBiH9URwl8CzCc
 OPX8EI/5iWkqtnRaEu6nhqkNCQl8Qs4tkk+Ig+XTwEQOIjM4mJ1XsXIlbpEyFyO6wJHn1G
 qaPffUlodcg7gPqPW25N+VcdX+1QsPOlY2YCbcgfsAAAADZ2l0AAAAAAAAAAZzaGE1MTIA
 AAEUAAAADHJzYS1zaGEyLTUxMgAAAQCruiG4TTCWkqt3PDjmZQ4MnEayaIWou8Vvg6rTBR
 NNw++IYDDK5w3kf9uat2rYxbMmIKaHmLa1j0Cga1Z29WuDIzgkvywb4zTdEInjZCcmJeo5
 dNHo7M8ZBzo/XSx/lpzW6rG8nd4Y+ctWnQYl4/gjpEizfs8RYJH4IUPoqXrw7yYNNS7kTp
 KDk7ETeq26SW5OVOr+cdIXryRvoqkLF9aZQ+W9YAkSUWeTaZ+jmr2X5OuoOJKg2ZLSJTE5
 zP3KGJl2jeXhQs1HXPbhJ6FJ1zmqf1KDK6dermO3AVC20NIlKF/xhWsURCpz+qXXiPzWD2
 B9svpDPwg9YRA2mmArCHl5
 -----END SSH SIGNATURE-----

Set the value to 1

Ä is a letter.
`,
  },
  /** Value 1, by an ECDSA key. */
  ecdsa: {
    type: "commit",
    hash: "2d32c3220c1705992720608197ebf4b2daad9a79",
    content: `tree 8ca3ef0a9c3520bb956f248c30137f7de4869139
author Ada <ada@example.org> 1700000000 +0000
committer Ada <ada@example.org> 1700000000 +0000
gpgsig -----BEGIN SSH SIGNATURE-----
 U1NIU0lHAAAAAQAAAGgAAAATZWNkc2Etc2hhMi1uaXN0cDI1NgAAAAhuaXN0cDI1NgAAAE
 EEXJWauFqUlMqTwSV0jJNrxQo8pam4jqAUtqA45jLfPx+NaPP+WDmEuOJO+k2vBXH4/3UQ
 u/yTF7Sd3wONkQQ57QAAAANnaXQAAAAAAAAABnNoYTUxMgAAAGMAAAATZWNkc2Etc2hhMi
 1uaXN0cDI1NgAAAEgAAAAgER5k+JcLrIcMrZqTbb1mw7ahj0kY0QIQ0CDBnnnQQH8AAAAg
 dxyxUpYsN72A1Nn2UEwqqbAMfKfLC/7mIUu84w8gLUw=
 -----END SSH SIGNATURE-----

Set the value to 1

Ä is a letter.
`,
  },
  /** Tag v1.0.0 of value 1, by the PGP key. */
  pgpTag: {
    type: "tag",
    hash: "1b6d2f5986b70578f4c2080407fca1cc63e66d2a",
    content: `object 78aa0cb86a5563f01d5d190a7fc5fbc6dff628cc
type commit
tag v1.0.0
tagger Ada <ada@example.org> 1700000000 +0000

Version v1.0.0
-----BEGIN PGP SIGNATURE-----

iHUEABYIAB0WIQRipwYFpF3ffQUZba1aLXFFubMRBgUCZVPxAAAKCRBaLXFFubMR
BkCTAQCyrigVKYh3vthhw/QE0Bh1YrvW8DoTWXSZyt9JLD4EYQEAthAYGfR52+mR
V5/5yvd7kzl7uy39Me36nNwlZacTXQ4=
=hXHC
-----END PGP SIGNATURE-----
`,
  },
  /** Tag v2.0.0 of value 3, by the SSH key. */
  sshTag: {
    type: "tag",
    hash: "3afa07e1d2b0a421827b8f99080daf0665410944",
    content: `object ec45707870d024c215e462e389ff3c935696a422
type commit
tag v2.0.0
tagger Ada <ada@example.org> 1700000000 +0000

Version v2.0.0
-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAggWS+rSeuyE+NS9Qf1M3Rit47rx
DIoniQ+/sMNDcqyT4AAAADZ2l0AAAAAAAAAAZzaGE1MTIAAABTAAAAC3NzaC1lZDI1NTE5
AAAAQHxDQCksuIVun549knd72WRG0DPJU+5Dgg7brxxt1BTrQNucV41bh33twLnmIUGluk
95QfhV4j77rVrpXaGBJAA=
-----END SSH SIGNATURE-----
`,
  },
} as const satisfies Record<string, RawObject>;

/** The public keys, as people put them into a Secret. */
export const signers = {
  pgp: `-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEZUGVABYJKwYBBAHaRw8BAQdABFzt/Xst7udB26z+Argfs+c6h8Suhvbg5xNS
mBJ6Mte0FUFkYSA8YWRhQGV4YW1wbGUub3JnPoiQBBMWCAA4FiEEYqcGBaRd330F
GW2tWi1xRbmzEQYFAmVBlQACGwMFCwkIBwIGFQoJCAsCBBYCAwECHgECF4AACgkQ
Wi1xRbmzEQZwfAEAxfsQkEurtk8YOUAjIc6KB12Kt4sv2Zs6G64WLrPaCZ4BAJC0
W3SCn6HdRwUBz4GPrtaM6+6I8lSg6AzmjL/wkmIA
=a3YE
-----END PGP PUBLIC KEY BLOCK-----
`,
  stranger: `-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEZUGVABYJKwYBBAHaRw8BAQdAEoMmIHI2EjvZttKXt8MtrgLRjZsFCLU3tnhq
Zm4welC0FUV2ZSA8ZXZlQGV4YW1wbGUub3JnPoiQBBMWCAA4FiEE1tEMqqfN5jkD
TvWTvkRanrJlrQAFAmVBlQACGwMFCwkIBwIGFQoJCAsCBBYCAwECHgECF4AACgkQ
vkRanrJlrQCatgD/WKKlwuuo/OqM+iEvGG1M7eVSP2JYqhmhbu2jC6sIOwIBAONB
S0SyP39XofJPEkrVZSXU09YqfpSYWkqsONTxCKgK
=v+it
-----END PGP PUBLIC KEY BLOCK-----
`,
  ssh: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIFkvq0nrshPjUvUH9TN0YreO68QyKJ4kPv7DDQ3Ksk+ ada@example.org\n",
  rsa: "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQCr8oxsc8fxw4PBG26yD+PopUzEfJDM7Mpwq0JT+egw6JTNPavTEjujtDVNfDFZbNwFBc0bOnhXJtrAJE82WqTIl7VKBcIwkStqNQMfQfcBizriF+gQZTCEfEFIJi9MHz8DNNCSPUkIGxnD/dWGlzdqoUdmazoSBInAY3XMgrPtbv+R9HEMi/y0o/geWbbZtDL4WL60IIfmVMGTftPkczg3wNkmAYh/VEcJfAswnDj1/BCP+YlpKrZ0WhLup4apDQkJfELOLZJPiIPl08BEDiIzOJidV7FyJW6RMhcjusCR59Rqmj331JaHXIO4D6j1tuTflXHV/tULDzpWNmAm3IH7 rsa@example.org\n",
  ecdsa:
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBFyVmrhalJTKk8EldIyTa8UKPKWpuI6gFLagOOYy3z8fjWjz/lg5hLjiTvpNrwVx+P91ELv8kxe0nd8DjZEEOe0= ec@example.org\n",
} as const;

/** How the keys are named in messages. */
export const signerNames = {
  pgp: "5A2D7145B9B31106",
  ssh: "SHA256:31WVnyGkH6wdvgdeL+ZRFS9qwCErGWcIlgf/KRWYUbI",
  rsa: "SHA256:dMSumOG2DnikYAb0TukDpCgsqEgLAtQQcz+1DxtXDVw",
  ecdsa: "SHA256:craY0Sc9i8ZDXQ29IBhP3PhraWG8dhq5GOkDx1CrNhc",
} as const;
