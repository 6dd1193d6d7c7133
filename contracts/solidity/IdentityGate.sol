// Who may hold units: one claim per wallet, issued from a KYC row and revoked when it runs out. No personal data: a party is a random reference.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";

contract IdentityGate is AccessControl {
    /// Issues and revokes claims: the key of the KYC job.
    bytes32 public constant CLAIM_ISSUER = keccak256("CLAIM_ISSUER");

    struct Claim {
        /// Random reference of the party; the register alone knows whose it is.
        bytes32 party;
        /// Last second at which the clearance holds.
        uint64 validUntil;
    }

    mapping(address wallet => Claim) private _claims;

    event ClaimIssued(address indexed wallet, bytes32 indexed party, uint64 validUntil);
    event ClaimRevoked(address indexed wallet, bytes32 indexed party);

    error NoParty();
    error WalletOfAnotherParty(address wallet);
    error AlreadyOver(uint64 validUntil);

    constructor(address admin) {
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
    }

    /// Issues or prolongs a claim. A wallet stays with its party for ever: what once was another's cannot be passed on under a new name.
    function issue(address wallet, bytes32 party, uint64 validUntil) external onlyRole(CLAIM_ISSUER) {
        if (party == bytes32(0) || wallet == address(0)) revert NoParty();
        if (validUntil < block.timestamp) revert AlreadyOver(validUntil);
        bytes32 known = _claims[wallet].party;
        if (known != bytes32(0) && known != party) revert WalletOfAnotherParty(wallet);
        _claims[wallet] = Claim(party, validUntil);
        emit ClaimIssued(wallet, party, validUntil);
    }

    /// Ends a claim at once. The wallet keeps its units and may do nothing with them.
    function revoke(address wallet) external onlyRole(CLAIM_ISSUER) {
        bytes32 party = _claims[wallet].party;
        if (party == bytes32(0)) revert NoParty();
        _claims[wallet].validUntil = 0;
        emit ClaimRevoked(wallet, party);
    }

    function isCleared(address wallet) public view returns (bool) {
        return _claims[wallet].validUntil >= block.timestamp;
    }

    function claimOf(address wallet) external view returns (bytes32 party, uint64 validUntil) {
        Claim memory claim = _claims[wallet];
        return (claim.party, claim.validUntil);
    }

    /// Two wallets of one party; false where either has none.
    function sameParty(address one, address other) external view returns (bool) {
        bytes32 party = _claims[one].party;
        return party != bytes32(0) && party == _claims[other].party;
    }
}
