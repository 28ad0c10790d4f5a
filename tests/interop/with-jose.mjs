// SPDX-License-Identifier: GPL-3.0-or-later
//
// The side of Node's jose in tests/interop; its arguments and files are those of jwt-tool.c:
//
//     with-jose.mjs make COUNT KEYS TOKENS EXPECTED
//     with-jose.mjs check KEYS TOKENS
import { createHmac } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import * as jose from 'jose';

const issuer = 'sessmgr:interop';
const audience = 'interop';
const badCount = 104;
const damages = ['bit', 'payload', 'secret', 'none', 'hmac', 'kid', 'expired', 'audience'];
const now = Math.floor(Date.now() / 1000);

const base64url = (data) => Buffer.from(data).toString('base64url');

function tell(claims) {
    const audiences = [claims.aud].flat().join(',');
    return `good ${claims.sub}|${claims.exp}|${audiences}|${claims.uid ?? -1}|${claims.scope ?? '-'}`;
}

async function makeKey() {
    const pair = await jose.generateKeyPair('EdDSA', { crv: 'Ed25519' });
    const jwk = await jose.exportJWK(pair.publicKey);
    return { secret: pair.privateKey, jwk, kid: await jose.calculateJwkThumbprint(jwk) };
}

function vary(number) {
    const claims = {
        iss: issuer,
        sub: number % 7 === 0 ? `us\u00e9r "\\${number}/\u20ac\u{1f600}` : `user-${number}`,
        aud: [audience, [audience, 'backup'], ['backup', audience], [audience]][number % 4],
        client_id: 'sshd',
        iat: now,
        exp: now + 3600 + (number % 1000),
        jti: `token-${number}`,
    };
    if (number % 2 === 0) claims.nbf = now;
    if (number % 3 === 0) claims.email = { of: [null, number / 7, 'somebody'] }; // unknown to the other side
    if (number % 5 !== 0) claims.uid = 1000 + number;
    if (number % 6 !== 0) claims.scope = `read write:${number}`;
    if (number % 8 === 0) claims.fam = number;
    if (number % 10 === 1) claims.bind = 'uid';
    return claims;
}

const sign = (claims, kid, secret, typ = 'at+jwt') =>
    new jose.SignJWT(claims).setProtectedHeader({ alg: 'EdDSA', typ, kid }).sign(secret);

async function damaged(number, keys, stranger) {
    const damage = damages[number % damages.length];
    const key = keys[number % keys.length];
    const claims = vary(number);
    if (damage === 'expired') claims.exp = now - 100;
    if (damage === 'audience') claims.aud = 'somebody else';
    const secret = damage === 'secret' ? stranger.secret : key.secret;
    const token = await sign(claims, damage === 'kid' ? 'nobody' : key.kid, secret);
    const parts = token.split('.');
    const header = (alg) => base64url(JSON.stringify({ typ: 'at+jwt', alg, kid: key.kid }));
    if (damage === 'bit') {
        const signature = Buffer.from(parts[2], 'base64url');
        signature[(number * 7) % 64] ^= 1 << number % 8;
        parts[2] = base64url(signature);
    } else if (damage === 'payload') {
        parts[1] = (await sign(vary(number + 1), key.kid, secret)).split('.')[1];
    } else if (damage === 'none') {
        parts[0] = header('none');
        parts[2] = '';
    } else if (damage === 'hmac') {
        parts[0] = header('HS256');
        parts[2] = createHmac('sha256', Buffer.from(key.jwk.x, 'base64url'))
            .update(`${parts[0]}.${parts[1]}`)
            .digest('base64url');
    }
    return parts.join('.');
}

async function make(count, keysPath, tokensPath, expectedPath) {
    const keys = [await makeKey(), await makeKey(), await makeKey()];
    const stranger = await makeKey();
    const other = await jose.exportJWK((await jose.generateKeyPair('ES256')).publicKey);
    const set = [{ ...other, kid: 'other', use: 'sig', alg: 'ES256' }]; // to be passed over
    const tokens = [];
    const expected = [];
    for (const key of keys) set.push({ ...key.jwk, kid: key.kid, use: 'sig', alg: 'EdDSA' });
    for (let i = 0; i < count; i++) {
        const key = keys[i % keys.length];
        const claims = vary(i);
        tokens.push(await sign(claims, key.kid, key.secret, i % 9 === 0 ? 'application/at+jwt' : 'at+jwt'));
        expected.push(tell(claims));
    }
    for (let i = 0; i < badCount; i++) {
        tokens.push(await damaged(i, keys, stranger));
        expected.push('bad');
    }
    writeFileSync(keysPath, JSON.stringify({ keys: set }, null, 2));
    writeFileSync(tokensPath, `${tokens.join('\n')}\n`);
    writeFileSync(expectedPath, `${expected.join('\n')}\n`);
}

async function check(keysPath, tokensPath) {
    const keys = jose.createLocalJWKSet(JSON.parse(readFileSync(keysPath, 'utf8')));
    const requiredClaims = ['iss', 'sub', 'aud', 'client_id', 'exp', 'iat', 'jti'];
    const options = { algorithms: ['EdDSA'], typ: 'at+jwt', issuer, audience, requiredClaims };
    const lines = [];
    for (const token of readFileSync(tokensPath, 'utf8').trimEnd().split('\n')) {
        try {
            lines.push(tell((await jose.jwtVerify(token, keys, options)).payload));
        } catch (error) {
            if (!(error instanceof jose.errors.JOSEError)) throw error;
            lines.push(`bad ${error.code}`);
        }
    }
    process.stdout.write(`${lines.join('\n')}\n`);
}

const [command, ...rest] = process.argv.slice(2);
if (command === 'make') await make(Number(rest[0]), ...rest.slice(1));
else await check(...rest);
