/// Hashes that other people's programs made, frozen.
enum PasswordVectors {
    /// What all of `foreign` were made from.
    static let password = "correct horse"

    /// Program, scheme and hash.
    static let foreign: [(program: String, scheme: String, text: String)] = [
        (
            "argon2-cffi 25.1", "argon2id",
            "$argon2id$v=19$m=65536,t=3,p=4$7I1Z04PA8EK7rtXfMHHfaQ"
                + "$4u1jsRNfK35RBWQQghGfGRYzHyNvQkcMDUj2ciilS1E"
        ),
        (
            "argon2-cffi with the defaults before 2019", "argon2id",
            "$argon2id$v=19$m=102400,t=2,p=8$9kumhTSyN29pHFx7f5r1/Q$b/6o/zGKFxksRxhbeY6O8Q"
        ),
        (
            "argon2-cffi 25.1", "argon2i",
            "$argon2i$v=19$m=1024,t=2,p=2$hrU8zwqKCcC0z+RflPoNnw"
                + "$JGBt6Yvz+kTZSY6SWNq91V6elQlMZpjMysAHt7S64ik"
        ),
        (
            "passlib 1.7.4", "pbkdf2-sha256",
            "$pbkdf2-sha256$29000$bu0dY8x5TymltNb63/vfOw"
                + "$r.graDJOg52BQdk8IJ3srSIHj058XmW9TiF7CMP/./c"
        ),
        (
            "passlib 1.7.4", "pbkdf2-sha512",
            "$pbkdf2-sha512$25000$j3EuhdA6hxACIMRYa611zg$33tYYqAqLTHZp.VLPZDhU8g96q0q3jq2dwyPHFl0"
                + "YA2tVyRuUvDL.IVVoqlAJptoNbqnMJq251GIZQ91YlVD3A"
        ),
        (
            "passlib 1.7.4", "scrypt",
            "$scrypt$ln=12,r=8,p=1$4vyfk5ISorRWqjXmnBPi3A"
                + "$TNe2KgIBmXv+xdbLJZZ3Qw+KxqLBgDabHXlrt/WpSsY"
        ),
        (
            "passlib 1.7.4", "sha256-crypt",
            "$5$rounds=2000$DOtzI2EJBHxLzUkE$VhLxLMjk6/ALvrivzpfAwHijXMKtOMKLReVdnwJKPW5"
        ),
        (
            "passlib 1.7.4", "sha256-crypt",
            "$5$fNN5XMub6oOSqzYQ$yjVcuK8rnJ.LxnNcz3TZNoyKhfztINTk2qOCgHb2CX2"
        ),
        (
            "passlib 1.7.4", "sha512-crypt",
            "$6$rounds=3000$l5OIRAp1TKncq9Yc$HhOU.4h4yFIC2yyqHG18SMcJO0YfThIZ7Im4n6NBU9ediwmprMs5"
                + "dDt4adcqTJK7tEflqDliGs5al2bGgaNJ5."
        ),
        (
            "bcrypt 5.0 for Python", "bcrypt",
            "$2b$05$u722IDkBKaUhuJCJxnOJpOnpc/6ZXz2y/5WYxYICLe7gSkCgJSefq"
        ),
        (
            "bcrypt 5.0 for Python", "bcrypt",
            "$2a$05$25vfpySyFhE9gATbADwc/eL.pGY8M3yfdodSF9aaoYme6ZLHOmTlm"
        ),
        (
            "htpasswd 2.4 -B", "bcrypt",
            "$2y$05$3rB0ROCiGIOpueEJQOzWn.2kMOuGcPx1jvhi7khuNwcFMOlnLDrfi"
        ),
        (
            "htpasswd 2.4 -5", "sha512-crypt",
            "$6$EZT5aoMlg3PP2JWE$6dAyXmDdvXXyXmk1xqAV9yM4iPASoQy1GqTsG9WxfnxIxATNLaLAAdT38Oa4fOF7"
                + "FQZ6TtJaDvJgfsWFdfgIe."
        ),
        (
            "htpasswd 2.4 -2", "sha256-crypt",
            "$5$UezTmf1x37xNwOeu$Eb7L1Lk4CiccCZ7tJmP317C1cXLvuTsPLSgTr.pDsT3"
        ),
        (
            "openssl passwd -5", "sha256-crypt",
            "$5$abcdefgh$ruMep1ijHnJPZbETDNiumskxcX3kN4lzZd5VlsqE7eB"
        ),
        (
            "openssl passwd -6", "sha512-crypt",
            "$6$abcdefghijklmnop$q2YZbPhm1LySTIzZVDisu/y2CX1McrFsw529ViOLMxoKT.sfgjBo4aFu.hwtGjED"
                + "xRb6mn/TZMj7V4/1AUTLi1"
        ),
        (
            "crypt(3) of Debian 12", "yescrypt",
            "$y$j9T$abcdefghij0123456789./$8tzZiGfyLV0Iq.wTdQ3JdQcIbyQpIQjTtyM.LUy92f5"
        ),
        (
            "crypt(3) of Debian 12", "scrypt-crypt",
            "$7$CU..../....2Q9obwLhin8qvQl6sisAO/$oIC8WxhpH9ruKl.LfT0rUVd1y3wES8GrhOwdmCotLyD"
        ),
        (
            "Python's hashlib, as a PHC string", "pbkdf2-sha256",
            "$pbkdf2-sha256$i=4096,l=32$c2FsdFNBTFRzYWx0U0FMVA"
                + "$U52h7URWqafNspHqGzQFeE8B1S1pQDqi1LsBd1CGiOE"
        ),
        (
            "Python's hashlib, as a PHC string", "pbkdf2-sha512",
            "$pbkdf2-sha512$i=4096,l=64$c2FsdFNBTFRzYWx0U0FMVA$+l4PMrQRhwm5F8BwRDsVO9gbWMlayaQLdn"
                + "KmOnr1M+IwCNwv5CfFP33OdZtQOU6cOuqfvwNyYPPBVlgWkX+mdw"
        ),
        (
            "Python's hashlib, as a PHC string", "scrypt",
            "$scrypt$ln=10,r=8,p=2$c2FsdFNBTFRzYWx0U0FMVA"
                + "$WrHWl19sPUgZom7q1tXfzpb7l2WKFdnOgwEy/8wv2ZM"
        ),
    ]

    /// Published vectors with passwords of their own, in bytes.
    static let published: [(source: String, password: [UInt8], text: String)] = [
        (
            "argon2 reference test.c", Array("password".utf8),
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
        ),
        (
            "crypt_blowfish wrapper.c", Array("U*U".utf8),
            "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
        ),
        (
            "crypt_blowfish wrapper.c", [],
            "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy"
        ),
        (
            "crypt_blowfish wrapper.c", [0xff, 0xff, 0xa3],
            "$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e"
        ),
        (
            "Drepper, Unix crypt using SHA-256 and SHA-512", Array("Hello world!".utf8),
            "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"
        ),
        (
            "Drepper, Unix crypt using SHA-256 and SHA-512", Array("Hello world!".utf8),
            "$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA"
        ),
        (
            "Drepper, Unix crypt using SHA-256 and SHA-512", Array("Hello world!".utf8),
            "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBF"
                + "dcbYEdFCoEOfaS35inz1"
        ),
        (
            "Percival, scrypt test of crypt(5)", Array("pleaseletmein".utf8),
            "$7$C6..../....SodiumChloride$kBGj9fHznVYFQMEn/qDCfrDevf9YDtcDdKvEqHJLV8D"
        ),
    ]

    /// Kinds that cannot be verified, with a word that must stand in their name.
    static let unsupported: [(text: String, word: String)] = [
        ("$apr1$1BXisuJl$JVmwPSxkB3VWsgDYxk7oV1", "Apache MD5"),
        ("{SHA}L55TUjtiq8FBorTWAZ0jy6g129A=", "SHA-1"),
        ("{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr", "SHA-1"),
        ("O8JrOUB4GRctQ", "DES crypt"), ("_J9..rasmBYk8r9AiWNc", "BSDi"),
        ("$1$abcd$aRemUGAXqMpBp39KZBtve.", "MD5-crypt"),
        (
            "$argon2d$v=19$m=1024,t=2,p=2$hAATtL5YLvyhr0qff2z1Sg"
                + "$OlEOcMfgzQYxAf7Vx4rn4H8YeAdx+3u/Sdx+haJ7+ew", "Argon2d"
        ),
        ("$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "2x"),
        ("hunter2", "plain text"), ("", "empty"), ("!", "locked"), ("*", "locked"),
        ("$9$what$ever", "unknown"), ("{CRYPT}$6$a$b", "braces"),
        ("pbkdf2_sha256$1000$a$b", "Django"),
    ]
}
