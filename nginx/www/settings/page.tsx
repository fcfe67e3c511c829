/* What the user's account speaks to the providers with, and what programs speak to us with. */
import { Keys } from './keys';
import { Tokens } from './tokens';

export default function Settings() {
	return (
		<>
			<header className="page-head">
				<h1>Settings</h1>
			</header>
			<div className="settings">
				<Keys />
				<Tokens />
			</div>
		</>
	);
}
