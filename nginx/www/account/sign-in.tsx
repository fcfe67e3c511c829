import { Link } from '../router';
import { Welcome } from './welcome';
import { SignInForm } from './sign-in-form';

export default function SignIn() {
	return (
		<Welcome title="Sign in">
			<SignInForm />
			<p className="quiet">
				New here? <Link href={`/register${location.search}`}>Register</Link>
			</p>
		</Welcome>
	);
}
