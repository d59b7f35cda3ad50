<?php
// Hashes as PHP applications keep them, for foreign.py: one JSON object a line in, one out.
//
// WordPress: wp_hash_password and wp_check_password of 6.8. Laravel: Hash::make is password_hash.
// Joomla: UserHelper::verifyPassword up to 3.1. Salts are given, so that the same hashes come out;
// crypt() with a salt is what password_hash() does with one of its own.

function encode(string $scheme, string $password, string $salt): string
{
    switch ($scheme) {
        case 'wordpress':
            $key = base64_encode(hash_hmac('sha384', $password, 'wp-sha384', true));
            return '$wp' . crypt($key, '$2y$04$' . $salt . '.');
        case 'laravel':
            return crypt($password, '$2y$04$' . $salt . '.');
        case 'joomla-md5':
            return md5($password . $salt) . ':' . $salt;
        case 'joomla-sha256':
            return '{SHA256}' . hash('sha256', $password . $salt) . ':' . $salt;
    }
    throw new ValueError('scheme');
}

function check(string $scheme, string $password, string $encoded): bool
{
    switch ($scheme) {
        case 'wordpress':
            $key = base64_encode(hash_hmac('sha384', $password, 'wp-sha384', true));
            return strlen($password) <= 4096 && password_verify($key, substr($encoded, 3));
        case 'laravel':
            return password_verify($password, $encoded);
    }
    $salt = explode(':', $encoded)[1];
    return hash_equals($encoded, encode($scheme, $password, $salt));
}

while (($line = fgets(STDIN)) !== false) {
    $question = json_decode($line, true);
    $text = fn (string $name) => base64_decode($question[$name] ?? '');
    try {
        $answer = match ($question['do']) {
            'encode' => encode($question['scheme'], $text('password'), $text('salt')),
            'check' => check($question['scheme'], $text('password'), $text('encoded')),
            'version' => PHP_VERSION,
        };
        echo json_encode(['answer' => $answer]), "\n";
    } catch (Throwable $error) {
        echo json_encode(['error' => get_class($error)]), "\n";
    }
}
