"""The service of siting: what is asked, the ground it stands on, answers, files."""
