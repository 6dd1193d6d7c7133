// One effect per action, whatever is retried: the same id a second time is refused, by the chain itself. Holds the roles its senders act with.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";

contract ActionLedger is AccessControl {
    /// The key of the service. What it may reach are the roles this contract was given, and no more.
    bytes32 public constant SENDER = keccak256("SENDER");

    struct Call {
        address target;
        bytes data;
    }

    /// Block in which an action took effect; 0 while it has not. A reorganisation takes it back together with the effect.
    mapping(bytes32 actionId => uint256 blockNumber) public doneIn;

    event ActionDone(bytes32 indexed actionId, bytes32 indexed content);

    error AlreadyDone(bytes32 actionId, uint256 blockNumber);
    error NoAction();

    constructor(address admin) {
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
    }

    /// Makes the calls of an action in their order, all or none, once.
    function execute(bytes32 actionId, Call[] calldata calls) external onlyRole(SENDER) {
        if (actionId == bytes32(0) || calls.length == 0) revert NoAction();
        if (doneIn[actionId] != 0) revert AlreadyDone(actionId, doneIn[actionId]);
        doneIn[actionId] = block.number;
        for (uint256 i = 0; i < calls.length; i++) {
            Address.functionCall(calls[i].target, calls[i].data);
        }
        emit ActionDone(actionId, keccak256(abi.encode(calls)));
    }
}
