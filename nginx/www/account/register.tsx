import { useState, type FormEvent } from 'react';
import { ApiError, messageOf, postOnce } from '../api';
import { Link } from '../router';
import { signedIn, type Session } from '../session';
import { Button } from '../ui/button';
import { TextField } from '../ui/field';
import { Notice } from '../ui/states';
import { Welcome } from './welcome';

/* Where the API names no field, the email is what was taken. */
function faults(error: unknown): Record<string, string> {
	if (!(error instanceof ApiError)) return {};
	return error.status === 409 ? { email: error.message } : error.fields;
}

export default function Register() {
	const [error, setError] = useState<unknown>(null);
	const [busy, setBusy] = useState(false);
	const fields = faults(error);

	async function submit(event: FormEvent<HTMLFormElement>) {
		event.preventDefault();
		const form = new FormData(event.currentTarget);
		const name = String(form.get('name')).trim();
		setBusy(true);
		setError(null);
		try {
			const body = { email: form.get('email'), password: form.get('password'), ...(name && { name }) };
			signedIn(await postOnce<Session>('/api/auth/register', body));
		} catch (failed) {
			setError(failed);
			setBusy(false);
		}
	}

	return (
		<Welcome title="Register">
			<form className="stack" onSubmit={(event) => void submit(event)} noValidate>
				{error !== null && Object.keys(fields).length === 0 && <Notice kind="bad">{messageOf(error)}</Notice>}
				<TextField label="Name" name="name" autoComplete="name" optional error={fields.name} autoFocus />
				<TextField label="Email" name="email" type="email" autoComplete="username" error={fields.email} />
				<TextField label="Password" name="password" type="password" autoComplete="new-password" help="8 characters or more." error={fields.password} />
				<Button kind="primary" type="submit" busy={busy}>
					Register
				</Button>
			</form>
			<p className="quiet">
				Registered already? <Link href={`/sign-in${location.search}`}>Sign in</Link>
			</p>
		</Welcome>
	);
}
