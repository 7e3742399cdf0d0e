"""Answers a list of questions (JSON on stdin) with Ansible's, passlib's and cryptography's own code. Bytes are hex."""
import json
import sys

from ansible import constants as C
from ansible.parsing.vault import VaultLib, VaultSecret
import bcrypt
import argon2
from passlib.hash import pbkdf2_sha512, sha512_crypt


def vault(passwords):
    return VaultLib([(i, VaultSecret(bytes.fromhex(p))) for i, p in passwords])


def encrypt(q):
    password = VaultSecret(bytes.fromhex(q["password"]))
    return VaultLib().encrypt(bytes.fromhex(q["content"]), password, vault_id=q["id"]).decode()


def decrypt(q):
    content, by, _ = vault(q["passwords"]).decrypt_and_get_vault_id(q["vault"])
    return [bytes(content).hex(), by]


def verify(q):
    plain, stored = bytes.fromhex(q["plain"]), q["stored"]
    if stored.startswith("$argon2id$"):
        try:
            return argon2.PasswordHasher().verify(stored, plain)
        except argon2.exceptions.VerifyMismatchError:
            return False
    if stored.startswith("$2"):
        return bcrypt.checkpw(plain, stored.encode())
    scheme = pbkdf2_sha512 if stored.startswith("$pbkdf2") else sha512_crypt
    return scheme.verify(plain, stored)


def hash(q):
    plain = bytes.fromhex(q["plain"])
    if q["scheme"] == "argon2id":
        return argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=2).hash(plain)
    if q["scheme"] == "bcrypt":
        return bcrypt.hashpw(plain, bcrypt.gensalt(4)).decode()
    scheme = pbkdf2_sha512 if q["scheme"] == "pbkdf2-sha512" else sha512_crypt
    return scheme.using(rounds=1000).hash(plain)


def jwk(q):
    """Signs with the private key and verifies with the public one; raises when either cannot be read."""
    from base64 import urlsafe_b64decode
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
    from cryptography.hazmat.primitives.hashes import SHA256

    def raw(key, name):
        return urlsafe_b64decode(key[name] + "=" * (-len(key[name]) % 4))

    def number(key, name):
        return int.from_bytes(raw(key, name), "big")

    [private], [public] = q["private"]["keys"], q["public"]["keys"]
    assert set(public) <= set(private) and not set(public) & {"d", "p", "q", "dp", "dq", "qi"}
    message = b"signed"
    if private["kty"] == "RSA":
        numbers = rsa.RSAPublicNumbers(number(public, "e"), number(public, "n"))
        own = rsa.RSAPrivateNumbers(*[number(private, n) for n in ("p", "q", "d", "dp", "dq", "qi")], numbers)
        signature = own.private_key().sign(message, padding.PKCS1v15(), SHA256())
        numbers.public_key().verify(signature, message, padding.PKCS1v15(), SHA256())
        return numbers.n.bit_length()
    if private["kty"] == "EC":
        numbers = ec.EllipticCurvePublicNumbers(number(public, "x"), number(public, "y"), ec.SECP256R1())
        own = ec.EllipticCurvePrivateNumbers(number(private, "d"), numbers).private_key()
        numbers.public_key().verify(own.sign(message, ec.ECDSA(SHA256())), message, ec.ECDSA(SHA256()))
        return 256
    own = ed25519.Ed25519PrivateKey.from_private_bytes(raw(private, "d"))
    ed25519.Ed25519PublicKey.from_public_bytes(raw(public, "x")).verify(own.sign(message), message)
    return 255


ASK = {"encrypt": encrypt, "decrypt": decrypt, "verify": verify, "hash": hash, "jwk": jwk}


def answer(q):
    try:
        return {"ok": ASK[q["ask"]](q)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


C.config  # read before stdout is ours
json.dump([answer(q) for q in json.load(sys.stdin)], sys.stdout)
